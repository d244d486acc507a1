"""What second persons labelled, and how far people agree; all of it in a worker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.label.keeper import plan_of, wait_for_end
from napari_verdict.widgets.label.opening import Opened, is_same, keeping, looking, shadow_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from pathlib import Path

    from napari_verdict.annotation.agreement import Both, Opinions
    from napari_verdict.annotation.tiles import Plan, Tile
    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.labelling import Labelling, LabellingRecord

    #: Counts of tiles that two people finished, by the second's name and the image.
    Known = Mapping[tuple[str, str], Mapping[int, Both]]


@dataclass(frozen=True, eq=False)
class Second:
    """What a second person labelled.

    Parameters
    ----------
    name : str
        Who they are.
    plan : Plan
        Their tiles.
    read : callable
        Takes the name of an image and returns their labels of it and their ignore mask, or None;
        called in a worker.
    """

    name: str
    plan: Plan
    read: Callable[[str], tuple[Input, Any | None]]


@dataclass(frozen=True, eq=False)
class Agreed:
    """How far people agree, and the counts that this rests on."""

    opinions: tuple[Opinions, ...] = ()
    counts: Known = field(default_factory=dict)


def seating(
    plan: Plan,
    image: Input,
    name: str,
    first: LabellingRecord | None,
    token: CancelToken,
    there: Mapping[str, tuple[Any, Any]],
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
    there : mapping of str to (ndarray or None, ndarray or None)
        Labels and ignore masks of layers that are still open, by their folder.
    """
    begun = None if first is None else first.created
    seconds = () if first is None else (yield from _seconds_of(image, first, token))
    kept, theirs = next((s for s in seconds if s[0].record.annotator == name), (None, None))
    if kept is None or theirs is None:
        return (yield from keeping(plan, image, name, None, token, second_to=begun))
    whole = given_again(plan, theirs)
    return Opened(
        whole,
        kept,
        resumed=True,
        said=kept.trouble,
        shadow=shadow_of(kept),
        same=is_same(kept, there),
        empty=whole.finished_empty(whole.images[0].name, image.axes, kept.labels),
    )


def given_again(plan: Plan, theirs: Plan) -> Plan:
    """Return the plan of somebody who goes on: what was not given to them then may be now."""
    from napari_verdict.annotation.agreement import NOT_GIVEN

    both = {t.place: t for t in plan.tiles}
    both |= {t.place: t for t in theirs.tiles if t.reason != NOT_GIVEN or t.place not in both}
    return replace(plan, tiles=tuple(both.values()))


def agreeing(
    plan: Plan,
    first: Callable[[str], Comparison],
    seconds: Iterable[Second],
    known: Known,
    unit: str,
    token: CancelToken,
) -> Generator[Progress, None, Agreed]:
    """Compare the first with others on tiles that both have finished, and predictions with both.

    Parameters
    ----------
    plan : Plan
        Tiles of the first person.
    first : callable
        Takes the name of an image and returns predictions of it against the first's labels, which
        are named after the person.
    seconds : iterable of Second
        The others.
    known : mapping of (str, str) to mapping of int to Both
        Counts that need not be made again.
    unit : str
        What intervals count: ``tile`` or ``image``.
    token : CancelToken
        Stops it.
    """
    from napari_verdict.annotation.agreement import count_both, opinions_from

    said: list[Opinions] = []
    counts: dict[tuple[str, str], Mapping[int, Both]] = {}
    for second in seconds:
        done = {t.place for t in second.plan.tiles if _is_finished(t)}
        both = [k for k, t in enumerate(plan.tiles) if _is_finished(t) and t.place in done]
        mine: dict[int, Both] = {}
        comparison = None
        by_image = sorted(both, key=lambda k: plan.tiles[k].image)
        for image, ks in groupby(by_image, key=lambda k: plan.tiles[k].image):
            token.check()
            yield Progress(len(mine), len(both), "comparing two people")
            tiles, key = tuple(ks), (second.name, image)
            if tuple(known.get(key, ())) == tiles:
                counts[key] = known[key]
            else:
                comparison = first(image)
                labels, ignore = second.read(image)
                theirs = replace(labels, name=second.name)
                counts[key] = count_both(plan, tiles, comparison, theirs, ignore)
            mine |= counts[key]
        if mine:
            comparison = comparison or first(plan.tiles[both[0]].image)
            names = comparison.ground_truth.name, second.name
            how = comparison.settings, comparison.task
            said += opinions_from(plan, mine, names, *how, unit=unit).values()
    return Agreed(tuple(said), counts)


def remembering(
    image: Input, first: LabellingRecord, token: CancelToken
) -> Generator[Progress, None, tuple[Second, ...]]:
    """Read what those labelled who labelled beside the first before."""
    seconds = yield from _seconds_of(image, first, token)
    return tuple(
        second_of(kept.record.annotator, plan, replace(image, data=kept.labels), kept.ignore)
        for kept, plan in seconds
    )


def second_of(name: str, plan: Plan, labels: Input, ignore: Any | None) -> Second:
    """Return what a second person labelled in one image."""
    return Second(name, plan, lambda _: (labels, ignore))


def _seconds_of(
    image: Input, first: LabellingRecord, token: CancelToken
) -> Generator[Progress, None, tuple[tuple[Labelling, Plan], ...]]:
    sittings = yield from looking(image, token)
    return tuple(_read([s.folder for s in sittings if _is_beside(s.record, first)], token))


def _is_beside(record: LabellingRecord, first: LabellingRecord) -> bool:
    """Whether labels are a second opinion to those of the first, of the same pixels."""
    return record.second_to == first.created and record.image.sha256 == first.image.sha256


def _read(folders: list[Path], token: CancelToken) -> Iterator[tuple[Labelling, Plan]]:
    from napari_verdict.report.resuming import resume

    for folder in folders:
        with suppress(ComparisonError):  # it is told of when it is opened
            wait_for_end(folder)
            kept = resume(folder, token)
            if plan := plan_of(kept.notes):
                yield kept, plan


def _is_finished(tile: Tile) -> bool:
    return tile.state is State.FINISHED
