"""Where the labels of each image of a set are kept, also after their folders were moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.report.labelling import LABELLING_NAME, belongs, labellings_in, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.image_set import ImageSet, Picture
    from napari_verdict.report.labelling_set import SetLabelling


def note_of(set_folder: Path, image: str, folder: Path) -> dict[str, str]:
    """Return the note of where the labels of an image are kept.

    Labels beside the folder of the set are noted by the way to them, which stays what it is where
    all of it is moved, such as to another drive.
    """
    root = _root(set_folder)
    near = folder.is_relative_to(root)
    return {"image": image, "folder": folder.relative_to(root).as_posix() if near else str(folder)}


def noted(set_folder: Path, notes: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """Return where notes say that the labels of each image are kept."""
    return {n["image"]: _root(set_folder) / n["folder"] for n in notes if "image" in n}


def found_again(
    labelling: SetLabelling, images: ImageSet, token: CancelToken | None = None
) -> SetLabelling:
    """Return a set with labels that are not where they were noted, if they lie beside the images.

    Parameters
    ----------
    labelling : SetLabelling
        As it was noted.
    images : ImageSet
        Its images. One whose labels have to be looked for is read, for its checksum.
    token : CancelToken, optional
        Stops the reading.

    Returns
    -------
    SetLabelling
        Its `trouble` names labels that were found by looking and not by a note. What is not found
        at all stays as it was noted.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    folders, told = dict(labelling.folders), [labelling.trouble]
    for picture in images.pictures:
        before = folders.get(picture.name)
        # without a note it was never labelled, unless notes are lost
        sought = labelling.trouble if before is None else not (before / LABELLING_NAME).is_file()
        if sought and (now := _looked_for(picture, before, labelling, token)) is not None:
            folders[picture.name] = now
            if before is None:
                told.append(f"Labels of “{picture.name}” were found in {str(now)!r}.")
    return replace(labelling, folders=folders, trouble=" ".join(filter(None, told)))


def missing(image: str, folder: Path | None) -> str:
    """Return the sentence for labels that are not where they should be, or were noted nowhere."""
    where = "beside it" if folder is None else f"in {str(folder)!r}"
    return (
        f"The labels of “{image}” are not {where}. Put their folder back there and go on labelling "
        "again, or label its finished tiles anew."
    )


def _looked_for(
    picture: Picture, before: Path | None, labelling: SetLabelling, token: CancelToken | None
) -> Path | None:
    """Return the folder of labels that were made in this set, on the very pixels of the image."""
    record = labelling.record
    kept = labellings_in(place_of(picture.name, picture.path))
    kept |= labellings_in(place_of(picture.name, None))
    mine = [
        folder
        for folder, one in kept.items()
        if (one.annotator, one.second_to) == (record.annotator, None)
        and one.created >= record.created
    ]
    if before is not None:
        called = PureWindowsPath(before).name  # which knows the separators of every system
        mine = [folder for folder in mine if folder.name == called]
    try:
        image = picture.labelled(picture.image()) if mine else None
    except ComparisonError:
        return None  # is told of when it is opened
    fitting = [f for f in mine if image and belongs(kept[f], image, token)]
    # the first: later ones were begun by themselves, or after the note was lost
    return min(fitting, key=lambda folder: kept[folder].created, default=None)


def _root(set_folder: Path) -> Path:
    """Return what a set is kept in: the folder of images, or that in the home folder."""
    return set_folder.parent.parent
