"""What second persons labelled, from the disk; all of it in a worker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.label.keeper import plan_of, wait_for_end
from napari_verdict.widgets.label.opening import Opened, keeping, looking, shadow_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from napari_verdict.annotation.agreement import Opinions
    from napari_verdict.annotation.tiles import Plan, Tile
    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.labelling import Labelling, LabellingRecord


@dataclass(frozen=True, eq=False)
class _Second:
    """Labels of a second person as they are on the disk."""

    kept: Labelling
    plan: Plan

    @property
    def name(self) -> str:
        return self.kept.record.annotator


def seating(
    plan: Plan, image: Input, name: str, first: LabellingRecord | None, token: CancelToken
) -> Generator[Progress, None, Opened]:
    """Take up what a second person labelled before, or begin a folder of their own.

    Parameters
    ----------
    plan : Plan
        Tiles they are asked to label are open, others skipped.
    image : Input
        What is labelled.
    name : str
        Who they are.
    first : LabellingRecord, optional
        The labels that theirs are beside; None where those are not on the disk.
    token : CancelToken
        Stops it.
    """
    from napari_verdict.annotation.agreement import NOT_GIVEN

    begun = None if first is None else first.created
    seconds = () if first is None else (yield from _seconds_of(image, first, token))
    mine = next((s for s in seconds if s.name == name), None)
    if mine is None:
        return (yield from keeping(plan, image, name, None, token, second_to=begun))
    both = {t.place: t for t in plan.tiles}
    # what they were not given then, they may be given now
    both |= {t.place: t for t in mine.plan.tiles if t.reason != NOT_GIVEN or t.place not in both}
    whole = replace(plan, tiles=tuple(both.values()))
    kept = mine.kept
    empty = whole.finished_empty(whole.images[0].name, image.axes, kept.labels)
    return Opened(whole, kept, True, kept.trouble, shadow=shadow_of(kept), empty=empty)


def agreeing(
    plan: Plan, comparison: Comparison, seconds: Iterable[tuple[Input, Plan]], token: CancelToken
) -> Generator[Progress, None, tuple[Opinions, ...]]:
    """Compare the first with others on tiles that both have finished, and predictions with both."""
    from napari_verdict.annotation.agreement import opinions

    said: list[Opinions] = []
    for second, theirs in seconds:
        yield Progress(0, 1, "comparing two people")
        token.check()
        done = {t.place for t in theirs.tiles if _is_finished(t)}
        both = tuple(k for k, t in enumerate(plan.tiles) if _is_finished(t) and t.place in done)
        said += opinions(plan, both, comparison, second).values() if both else ()
    return tuple(said)


def remembering(
    image: Input, first: LabellingRecord, token: CancelToken
) -> Generator[Progress, None, dict[str, tuple[Input, Plan]]]:
    """Read what those labelled who labelled beside the first before: labels and plans by name."""
    seconds = yield from _seconds_of(image, first, token)
    return {s.name: (replace(image, name=s.name, data=s.kept.labels), s.plan) for s in seconds}


def _seconds_of(
    image: Input, first: LabellingRecord, token: CancelToken
) -> Generator[Progress, None, tuple[_Second, ...]]:
    sittings = yield from looking(image, token)
    return tuple(_read([s.folder for s in sittings if _is_beside(s.record, first)], token))


def _is_beside(record: LabellingRecord, first: LabellingRecord) -> bool:
    """Whether labels are a second opinion to those of the first, of the same pixels."""
    return record.second_to == first.created and record.image.sha256 == first.image.sha256


def _read(folders: list[Path], token: CancelToken) -> Iterator[_Second]:
    from napari_verdict.report.resuming import resume

    for folder in folders:
        with suppress(ComparisonError):  # it is told of when it is opened
            wait_for_end(folder)
            kept = resume(folder, token)
            if plan := plan_of(kept.notes):
                yield _Second(kept, plan)


def _is_finished(tile: Tile) -> bool:
    return tile.state is State.FINISHED
