"""A folder that keeps the tiles of a person who labels several images; labels lie by image."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

import napari_verdict
from napari_verdict.comparison.words import counted
from napari_verdict.report.journal import STROKES, Journal
from napari_verdict.report.labelling import refusal, safe_name, unreadable
from napari_verdict.report.set_places import noted
from napari_verdict.report.strokes import read_strokes
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.report.image_set import ImageSet

SET_NAME = "labelling-set.json"
SCHEMA_VERSION = 1


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureRecord(_Model):
    """One image of the set."""

    name: str
    path: str | None
    axes: str
    shape: tuple[int, ...]
    condition: str


class SetRecord(_Model):
    """Which images are labelled together, and by whom."""

    schema_version: Literal[1]
    verdict_version: str
    created: AwareDatetime
    annotator: str
    name: str
    predictions: tuple[str, ...]
    images: tuple[PictureRecord, ...]


@dataclass(frozen=True, eq=False)
class SetLabelling:
    """Tiles of several images as they stand: what was noted of them, and where.

    Parameters
    ----------
    folder : Path
        Where notes are kept.
    record : SetRecord
        What is labelled.
    notes : tuple of mapping
        All notes in the order in which they were made.
    first : int
        Number of the first note from now on.
    folders : mapping of str to Path
        Where the labels of each image are kept that was labelled, by its name.
    trouble : str
        What could not be read, in a sentence; else empty.
    """

    folder: Path
    record: SetRecord
    notes: tuple[Mapping[str, Any], ...] = ()
    first: int = 1
    folders: Mapping[str, Path] = field(default_factory=dict)
    trouble: str = ""

    def journal(self) -> Journal:
        """Start keeping notes from now on; once for each `SetLabelling`."""
        return Journal(self.folder, self.first)


def set_folders(images: ImageSet) -> tuple[Path, ...]:
    """Return where sets of these images are kept: in their folder, else in the home folder."""
    name = safe_name(images.name) or "images"
    home = Path.home() / "napari-verdict" / f"{name}.labels"
    return (home,) if images.folder is None else (images.folder / f"{name}.labels", home)


def sets_of(images: ImageSet) -> dict[Path, SetRecord]:
    """Return what is kept of just these images where it is kept by default; newest first."""
    mine = {(p.name, p.axes, p.shape) for p in images.pictures}
    paths = [path for place in set_folders(images) for path in place.glob(f"*/{SET_NAME}")]
    if images.folder is not None:  # it may have had another name
        paths += images.folder.glob(f"*.labels/*/{SET_NAME}")
    kept = {}
    for path in sorted(paths):
        record = _record(path)
        if record and {(i.name, i.axes, i.shape) for i in record.images} == mine:
            kept[path.parent] = record
    return dict(sorted(kept.items(), key=lambda item: item[1].created, reverse=True))


def begin_set(images: ImageSet, annotator: str) -> SetLabelling:
    """Begin to label several images, in a folder of its own.

    Raises
    ------
    ComparisonError
        If no folder can be written to.
    """
    record = SetRecord(
        schema_version=SCHEMA_VERSION,
        verdict_version=napari_verdict.__version__,
        created=datetime.now(UTC),
        annotator=annotator,
        name=images.name,
        predictions=images.predictions,
        images=tuple(
            PictureRecord(
                name=p.name, path=p.path, axes=p.axes, shape=p.shape, condition=p.condition
            )
            for p in images.pictures
        ),
    )
    text = record.model_dump_json(indent=1) + "\n"
    why = ""
    for place in set_folders(images):
        folder = free_folder(place / (safe_name(annotator) or "anyone"))
        try:
            folder.mkdir(parents=True)
            write_whole(folder / SET_NAME, lambda p: p.write_text(text, "utf-8", newline="\n"))
        except OSError as error:
            why = why or f"{str(folder)!r}: {error.strerror or error}"
            continue
        return SetLabelling(folder, record)
    raise refusal(
        "folder-unwritable",
        f"Labels of several images are kept in folders, and none can be written to ({why}). Free "
        "space, or copy the images to where you may write.",
    )


def take_up_set(folder: Path) -> SetLabelling:
    """Return a set with what was noted of it; notes that cannot be read are left out.

    Labels that are not where they were noted are found by `set_places.found_again`.

    Raises
    ------
    ComparisonError
        If it cannot be read.
    """
    record = _record(folder / SET_NAME)
    try:
        found = [s for p in folder.glob(f"*{STROKES}") for s in read_strokes(p.read_bytes())]
    except OSError as error:
        raise refusal("labelling-unreadable", unreadable(folder, str(error.strerror))) from error
    if record is None:
        raise refusal("labelling-unreadable", unreadable(folder / SET_NAME, "it is no record"))
    found.sort(key=lambda s: s.number)
    notes = tuple(s.note for s in found if s.note)
    newest = found[-1].number if found else 0
    trouble = _said(newest - len({s.number for s in found}), newest)
    return SetLabelling(folder, record, notes, newest + 1, noted(folder, notes), trouble)


def free_folder(folder: Path) -> Path:
    """Return the folder, or one of its name and a number where there is one already."""
    free, k = folder, 2
    while free.exists():
        free, k = folder.with_name(f"{folder.name}-{k}"), k + 1
    return free


def _said(lost: int, of: int) -> str:
    if not lost:
        return ""
    return (
        f"{lost} of {counted(of, 'note')} on these images cannot be read. Look over which tiles "
        "are finished. The files stay as they are."
    )


def _record(path: Path) -> SetRecord | None:
    try:
        return SetRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
