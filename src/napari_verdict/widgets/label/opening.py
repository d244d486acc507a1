"""What is done in a worker before the first tile: draw tiles, open or take up a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.planning import Wanted, planning
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.truth import DTYPE
from napari_verdict.widgets.label.keeper import given_of, plan_of, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime
    from pathlib import Path

    from napari_verdict.annotation.tile_size import Proposed
    from napari_verdict.annotation.tiles import Place, Plan
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.labelling import Labelling, LabellingRecord


@dataclass(frozen=True, eq=False)
class Opened:
    """All that is needed to go to the first tile.

    Parameters
    ----------
    plan : Plan
        The tiles.
    kept : Labelling, optional
        Where it is kept, with the labels there are; None if nowhere can be written.
    resumed : bool
        Whether labels were taken up.
    said : str
        What the person has to know of it.
    given : Given, optional
        Labels that were there before, of a layer that is gone on with.
    shadow : Shadow, optional
        What the labels are.
    same : bool
        Whether layers that are open hold just what was kept.
    image : str
        Which image of the plan it is; empty where there is but one.
    empty : tuple of Place
        Finished tiles in which nothing is labelled.
    """

    plan: Plan
    kept: Labelling | None
    resumed: bool = False
    said: str = ""
    given: Any = None
    shadow: Any = None
    same: bool = False
    image: str = ""
    empty: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class Shadow:
    """What is painted on, in arrays of its own, so that it is known what was changed.

    Parameters
    ----------
    labels : ndarray
        The labels.
    mask : ndarray, optional
        The mask of what nobody can tell; None where nothing is marked.
    """

    labels: Any
    mask: Any = None


@dataclass(frozen=True)
class Sitting:
    """Labels of an image, or of several, that were begun before.

    Parameters
    ----------
    folder : Path
        Where they are kept.
    record : LabellingRecord or SetRecord
        By whom, and of what.
    """

    folder: Path
    record: Any

    @property
    def title(self) -> str:
        """Such as "go on: ann, begun 24 Nov 11:03"."""
        begun, who = self.record.created.astimezone(), self.record.annotator
        who += " (second opinion)" if self.is_second else ""
        return f"go on: {who}, begun {begun:%d %b %H:%M}"

    @property
    def is_second(self) -> bool:
        """Whether these are a second opinion to labels of somebody else."""
        return getattr(self.record, "second_to", None) is not None


def looking(image: Input, token: CancelToken) -> Generator[Progress, None, tuple[Sitting, ...]]:
    """Find labels of an image that were begun before: second opinions last, the newest first."""
    from napari_verdict.report.labelling import image_record, labellings_of

    yield Progress(0, 1, "looking for labels")
    kept: dict[Path, LabellingRecord] = {}
    for place in (image, replace(image, path=None)):
        token.check()
        kept |= labellings_of(place)
    kept = {folder: record for folder, record in kept.items() if _may_be(record, image)}
    # channels of one file, and images in memory of one name, have one place
    pixels = image_record(image, token).sha256 if kept else ""
    sittings = [Sitting(f, record) for f, record in kept.items() if record.image.sha256 == pixels]
    newest_first = sorted(sittings, key=lambda s: s.record.created, reverse=True)
    return tuple(sorted(newest_first, key=lambda s: s.is_second))


def sizing(
    image: Input, predictions: tuple[Input, ...], token: CancelToken
) -> Generator[Progress, None, Proposed]:
    """Propose how large tiles are."""
    from napari_verdict.annotation.tile_size import proposed_tiles

    yield Progress(0, 1, "looking at predicted objects")
    token.check()
    return proposed_tiles(image, predictions)


def opening(
    wanted: Wanted, image: Input, annotator: str, labels: Any, token: CancelToken
) -> Generator[Progress, None, Opened]:
    """Draw tiles and begin to keep labels in a folder of their own."""
    try:
        plan = yield from planning(wanted, token)
    except ValueError as error:
        raise ComparisonError([Finding("no-tiles", Severity.ERROR, str(error))]) from error
    return (yield from keeping(plan, image, annotator, labels, token))


def keeping(
    plan: Plan,
    image: Input,
    annotator: str,
    labels: Any | None,
    token: CancelToken,
    second_to: datetime | None = None,
) -> Generator[Progress, None, Opened]:
    """Begin to keep labels beside the image if that can be written to, else at home.

    Parameters
    ----------
    plan : Plan
        The tiles.
    image : Input
        What is labelled; read for its checksum.
    annotator : str
        Who labels.
    labels : ndarray, optional
        Labels to go on with.
    token : CancelToken
        Stops it.
    second_to : datetime, optional
        When the labels were begun that these are a second opinion to.
    """
    from napari_verdict.annotation.counting import load_kernels
    from napari_verdict.report.labelling import begin, default_folder
    from napari_verdict.report.labelling_set import free_folder

    yield Progress(0, 1, "making the folder")
    load_kernels()
    dtype = DTYPE if labels is None else labels.dtype
    own = np.zeros(image.shape, dtype) if labels is None else labels.copy()
    who, why = annotator or "anyone", ""
    given = None if labels is None else given_of(own, who)
    more: dict[str, Any] = {"given": given, "shadow": Shadow(own)}
    for place in (image, replace(image, path=None)):
        folder = free_folder(default_folder(place, who))
        try:
            kept = begin(folder, image, who, dtype=dtype, token=token, second_to=second_to)
        except ComparisonError as error:
            why = why or " ".join(f.message for f in error.findings)
            continue
        moved = f"{why} They are kept in {str(folder)!r} instead." if why else ""
        return Opened(plan, kept, said=moved, **more)
    why += " Nothing is saved: export the labels before closing napari."
    return Opened(plan, None, said=why, **more)


def resuming(
    sitting: Sitting,
    wanted: Wanted,
    image: Input,
    token: CancelToken,
    there: Mapping[str, tuple[Any, Any]],
) -> Generator[Progress, None, Opened]:
    """Take labels up where they were left; tiles are drawn where none were kept.

    Parameters
    ----------
    sitting : Sitting
        What was begun.
    wanted : Wanted
        What to draw where no tiles were kept.
    image : Input
        What is labelled; read for its checksum.
    token : CancelToken
        Stops it.
    there : mapping of str to (ndarray or None, ndarray or None)
        Labels and ignore masks of layers that are still open, by their folder.
    """
    yield Progress(0, 2, "taking labels up")
    kept = taken_up(sitting.folder, image, token)
    plan = plan_of(kept.notes)
    if plan is None:
        plan = yield from planning(wanted, token)
    empty = plan.finished_empty(plan.images[0].name, image.axes, kept.labels)
    same = is_same(kept, there)
    shadow = shadow_of(kept)
    return Opened(plan, kept, True, kept.trouble, shadow=shadow, same=same, empty=empty)


def shadow_of(kept: Labelling) -> Shadow:
    """Return what was kept in arrays of its own, in a worker: they may be large."""
    return Shadow(kept.labels.copy(), None if kept.ignore is None else kept.ignore.copy())


def is_same(kept: Labelling, there: Mapping[str, tuple[Any, Any]]) -> bool:
    """Whether the layers of a folder that are still open hold just what was kept in it."""
    labels, mask = there.get(str(kept.folder), (None, None))
    ignored = kept.ignore is not None and bool(kept.ignore.any())
    if labels is None or not np.array_equal(labels, kept.labels):
        return False
    if mask is None or not ignored:
        return not ignored and (mask is None or not np.any(mask))
    return bool(np.array_equal(np.asarray(mask) != 0, kept.ignore != 0))


def taken_up(folder: Path, image: Input, token: CancelToken) -> Labelling:
    """Return the labels that are kept in a folder, if they were made on an image.

    Raises
    ------
    ComparisonError
        If they were made on other pixels, or cannot be read.
    """
    from napari_verdict.annotation.counting import load_kernels
    from napari_verdict.report.labelling import belongs, found
    from napari_verdict.report.resuming import resume

    wait_for_end(folder)
    load_kernels()
    record = found(folder)
    if record is not None and not belongs(record, image, token):
        raise ComparisonError(
            [
                Finding(
                    "other-image",
                    Severity.ERROR,
                    f"The labels in {str(folder)!r} were made on other pixels than those "
                    f"of “{image.name}”. Open the image they were made on, or begin anew.",
                )
            ]
        )
    return resume(folder, token)


def _may_be(record: LabellingRecord, image: Input) -> bool:
    known = record.image
    dtype = np.dtype(image.data.dtype).name
    return (known.axes, tuple(known.shape), known.dtype) == (image.axes, image.shape, dtype)
