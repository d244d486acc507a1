"""What is done in a worker where several images are labelled: draw tiles, open one image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.planning import Wanted, planning, spread
from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.label.keeper import plan_of, wait_for_end
from napari_verdict.widgets.label.opening import (
    Opened,
    Shadow,
    Sitting,
    is_same,
    keeping,
    shadow_of,
    sizing,
    taken_up,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from napari_verdict.annotation.tile_size import Proposed
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Settings
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.image_set import ImageSet, Picture
    from napari_verdict.report.labelling import Labelling
    from napari_verdict.report.labelling_set import SetLabelling
    from napari_verdict.report.labels_set import Labelled


@dataclass(frozen=True, eq=False)
class Taken:
    """One image as it comes to the desk.

    Parameters
    ----------
    picture : Picture
        Which.
    image : Input
        Its pixels, of RGB with their channels.
    predictions : tuple of Input
        Its predictions.
    opened : Opened
        Its labels, and where they are kept.
    """

    picture: Picture
    image: Input
    predictions: tuple[Input, ...]
    opened: Opened


@dataclass(frozen=True)
class Broken:
    """An image that cannot be opened, and why."""

    image: str
    reason: str


@dataclass(frozen=True, eq=False)
class OpenedSet:
    """All that is needed to go to the first tile of several images.

    Parameters
    ----------
    labelling : SetLabelling
        Where tiles are kept.
    taken : Taken
        The image of the first tile.
    task : Task
        What predictions speak for: foreground where none holds more than one object.
    """

    labelling: SetLabelling
    taken: Taken
    task: Task


def looking_for_sets(
    forms: Sequence[ImageSet], token: CancelToken
) -> Generator[Progress, None, tuple[Sitting, ...]]:
    """Find what was begun before on just these images, the newest first.

    `forms` are the same images, with an axis of channels and without.
    """
    from napari_verdict.report.labelling_set import sets_of

    yield Progress(0, 1, "looking for labels")
    found = [Sitting(f, record) for images in forms for f, record in sets_of(images).items()]
    return tuple(sorted(found, key=lambda s: s.record.created, reverse=True))


def sizing_set(images: ImageSet, token: CancelToken) -> Generator[Progress, None, Proposed]:
    """Propose how large tiles are, from the image in the middle."""
    picture = images.pictures[len(images.pictures) // 2]
    return (yield from sizing(picture.labelled(picture.image()), picture.predicted(), token))


def opening_set(
    wanted: Wanted,
    images: ImageSet,
    annotator: str,
    begun: Sitting | None,
    token: CancelToken,
    there: Mapping[str, tuple[Any, Any]],
) -> Generator[Progress, None, OpenedSet]:
    """Draw tiles over several images, or take them up, and open the image of the first one.

    `there` holds labels and ignore masks of layers that are still open, by their folder.
    """
    from napari_verdict.report.labelling_set import begin_set, take_up_set
    from napari_verdict.report.set_places import found_again

    labelling = None
    if begun is not None:
        wait_for_end(begun.folder)
        labelling = found_again(take_up_set(begun.folder), images, token)
    plan = plan_of(labelling.notes) if labelling is not None else None
    resumed = plan is not None
    if plan is None:
        try:
            plan = yield from planning(wanted, token)
        except ValueError as error:
            raise _refusal(str(error)) from error
    task = _task_of(wanted)
    labelling = labelling or begin_set(images, annotator or "anyone")
    who, reasons = labelling.record.annotator, dict[str, str]()
    for name in _images_in(plan):
        taken = yield from taking(images[name], plan, labelling.folders.get(name), who, token)
        if isinstance(taken, Taken):
            trouble = labelling.trouble
            said = " ".join([trouble, *_told(reasons, plan), taken.opened.said]).strip()
            kept = taken.opened.kept
            same = kept is not None and is_same(kept, there)
            rest = plan.skip_open(reasons)
            opened = replace(taken.opened, plan=rest, resumed=resumed, said=said, same=same)
            return OpenedSet(labelling, replace(taken, opened=opened), task)
        reasons[taken.image] = taken.reason
    raise _refusal(f"None of the images can be opened. {' '.join(_told(reasons, plan))}")


def taking(
    picture: Picture,
    plan: Plan,
    folder: Path | None,
    annotator: str,
    token: CancelToken,
    dtype: Any = np.uint8,
) -> Generator[Progress, None, Taken | Broken]:
    """Read an image, its predictions and its labels; begin to keep labels where there are none.

    Parameters
    ----------
    picture : Picture
        The image.
    plan : Plan
        The tiles.
    folder : Path, optional
        Where its labels are kept; None where it was never labelled.
    annotator : str
        Who labels.
    token : CancelToken
        Stops it.
    dtype : dtype
        Labels are of this type at least: that of the layer that shows them.

    Raises
    ------
    ComparisonError
        If labels cannot be kept, or those that are cannot be read.
    """
    from napari_verdict.report.labelling import found
    from napari_verdict.report.set_places import missing

    yield Progress(0, 2, f"opening {picture.name}")
    if folder is not None and found(folder) is None:
        return Broken(picture.name, missing(picture.name, folder))
    try:
        image = picture.image()
        predictions = picture.predicted()
    except ComparisonError as error:
        return Broken(picture.name, " ".join(f.message for f in error.findings))
    token.check()
    labelled = picture.labelled(image)
    if folder is None:
        opened = yield from keeping(plan, labelled, annotator, None, token)
        if opened.kept is None:
            raise _refusal(opened.said)
        kept = _of_type(opened.kept, dtype)
        own = np.zeros(kept.labels.shape, kept.labels.dtype)
        opened = replace(opened, kept=kept, shadow=Shadow(own))
    else:
        kept = _of_type(taken_up(folder, labelled, token), dtype)
        empty = plan.finished_empty(picture.name, picture.axes, kept.labels)
        shadow = shadow_of(kept)
        opened = Opened(plan, kept, True, kept.trouble, shadow=shadow, empty=empty)
    return Taken(picture, image, predictions, replace(opened, image=picture.name))


def _of_type(kept: Labelling, dtype: Any) -> Labelling:
    """Return what was kept with labels that have room for as many objects as some type has."""
    wide = np.promote_types(kept.labels.dtype, dtype)
    return replace(kept, labels=kept.labels.astype(wide, copy=False))


def comparison_elsewhere(
    picture: Picture, folder: Path | None, task: Task, names: Sequence[str], settings: Settings
) -> Comparison:
    """Return predictions of an image against its labels as they are on the disk.

    Raises
    ------
    ComparisonError
        If its labels are not there any more, or something cannot be read.
    """
    kept = _kept(picture, folder)
    predictions = {p.name: p for p in picture.predicted()}
    return Comparison(
        task,
        Input(picture.name, kept.labels, picture.axes),
        tuple(predictions[name] for name in names),
        settings=settings,
        ignore=kept.ignore,
    )


def labelled_elsewhere(picture: Picture, folder: Path | None) -> Labelled:
    """Return an image with its labels as they are on the disk."""
    from napari_verdict.report.labels_set import Labelled

    image = picture.labelled(picture.image())
    if folder is None:
        return Labelled(image, picture.condition)
    kept = _kept(picture, folder)
    return Labelled(image, picture.condition, kept.labels, kept.origins, kept.ignore)


def _kept(picture: Picture, folder: Path | None) -> Labelling:
    """Return the labels of an image as they are on the disk."""
    from napari_verdict.report.labelling import found
    from napari_verdict.report.resuming import resume
    from napari_verdict.report.set_places import missing

    if folder is not None:
        wait_for_end(folder)
    if folder is None or found(folder) is None:
        raise _refusal(missing(picture.name, folder))
    return resume(folder)


def _images_in(plan: Plan) -> tuple[str, ...]:
    """Return the images of open tiles in order, then of others; all where there is no tile."""
    tiles = sorted(plan.tiles, key=lambda t: t.state is not State.OPEN)
    return tuple(dict.fromkeys([t.image for t in tiles] or [i.name for i in plan.images]))


def _task_of(wanted: Wanted) -> Task:
    any_read = False
    for image in spread(wanted.images):
        for prediction in wanted.predictions(image.name):
            any_read = True
            if len(np.unique(prediction.data)) > 2:
                return Task.INSTANCES
    return Task.FOREGROUND if any_read else Task.INSTANCES


def _told(reasons: Mapping[str, str], plan: Plan) -> list[str]:
    skipped = " Its tiles are skipped." if plan.tiles else ""
    return [f"{reason}{skipped}" for reason in reasons.values()]


def _refusal(message: str) -> ComparisonError:
    return ComparisonError([Finding("no-tiles", Severity.ERROR, message)])
