"""A folder in which one person's labels of one image are kept: what it is of, where, begun."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

import napari_verdict
from napari_verdict.annotation.origins import Origins
from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import MultichannelInput
from napari_verdict.report.journal import Journal
from napari_verdict.report.ome import bare_name
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

LABELLING_NAME = "labelling.json"
SCHEMA_VERSION = 1


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRecord(_Model):
    """The image that is labelled."""

    name: str
    path: str | None
    axes: str = Field(description="One letter an axis, out of t, c, z, y, x.")
    shape: tuple[int, ...]
    dtype: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    sha256: str = Field(
        description="Of the elements in C order, least significant byte first; with all channels."
    )
    channels: int = Field(1, ge=1, description="How many share the labels, and are no axis of it.")


class LabellingRecord(_Model):
    """What is labelled in a folder, and by whom."""

    schema_version: Literal[1]
    verdict_version: str
    created: AwareDatetime
    annotator: str
    image: ImageRecord
    labels_dtype: str
    second_to: AwareDatetime | None = Field(
        None, description="When the labels were begun that these are a second opinion to."
    )


@dataclass(frozen=True, eq=False)
class Labelling:
    """Labels as they stand, with all that was kept of them.

    Parameters
    ----------
    folder : Path
        Where they are kept.
    record : LabellingRecord
        What is labelled.
    labels : ndarray of int
        Shaped as the image; a new array, to be painted on.
    ignore : ndarray of uint8, optional
        The ignore mask; None where nothing was marked.
    origins : Origins
        Of the labels.
    notes : tuple of mapping
        All notes in the order in which they were made.
    strokes : int
        How many were found.
    last : datetime, optional
        When the newest was made.
    trouble : str
        What could not be read, in a sentence; else empty.
    first : int
        Number of the first stroke from now on.
    """

    folder: Path
    record: LabellingRecord
    labels: NDArray[Any]
    ignore: NDArray[np.uint8] | None = None
    origins: Origins = field(default_factory=Origins)
    notes: tuple[Mapping[str, Any], ...] = ()
    strokes: int = 0
    last: datetime | None = None
    trouble: str = ""
    first: int = 1

    def journal(self) -> Journal:
        """Start keeping what is painted from now on; once for each `Labelling`."""
        return Journal(self.folder, self.first)


def default_folder(image: Input, annotator: str) -> Path:
    """Return where labels of an image are kept unless a person says otherwise.

    It is beside the image's file, or for an array in memory in the home folder, and the same
    each time, so that it is found again.
    """
    return place_of(image.name, image.path) / (safe_name(annotator) or "anyone")


def labellings_of(image: Input) -> dict[Path, LabellingRecord]:
    """Return what is kept of an image where it is kept by default, by folder; newest first.

    Nothing but small files is read, and pixels are not compared: see `belongs`.
    """
    return labellings_in(place_of(image.name, image.path))


def labellings_in(place: Path) -> dict[Path, LabellingRecord]:
    """Return what is kept in the folders of a folder; newest first."""
    kept: dict[Path, LabellingRecord] = {}
    for path in sorted(place.glob(f"*/{LABELLING_NAME}")):
        with suppress(ComparisonError):  # is told of when it is opened
            if (record := found(path.parent)) is not None:
                kept[path.parent] = record
    return dict(sorted(kept.items(), key=lambda item: item[1].created, reverse=True))


def found(folder: str | Path) -> LabellingRecord | None:
    """Return what is labelled in a folder; None where nothing is. Reads one small file.

    Raises
    ------
    ComparisonError
        If there is a record that cannot be read.
    """
    path = Path(folder) / LABELLING_NAME
    try:
        return LabellingRecord.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refusal("labelling-unreadable", unreadable(path, str(error.strerror))) from error
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        raise refusal("labelling-unreadable", unreadable(path, why)) from error


def begin(
    folder: str | Path,
    image: Input,
    annotator: str,
    *,
    dtype: Any = np.uint16,
    token: CancelToken | None = None,
    second_to: datetime | None = None,
) -> Labelling:
    """Begin to label an image in a folder.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    image : Input
        Read once for its checksum; do it in a worker.
    annotator : str
        Who labels.
    dtype : dtype
        Of the labels, an integer one.
    token : CancelToken, optional
        Stops the reading.
    second_to : datetime, optional
        When the labels were begun that these are a second opinion to.

    Returns
    -------
    Labelling
        Without labels.

    Raises
    ------
    ComparisonError
        If labels are kept there already, or the folder cannot be written to.
    Cancelled
        If the token was set.
    """
    folder = Path(folder)
    if found(folder) is not None:
        raise refusal(
            "labelling-exists",
            f"Labels are kept in {str(folder)!r} already. Take them up again, or choose another "
            "folder.",
        )
    record = LabellingRecord(
        schema_version=SCHEMA_VERSION,
        verdict_version=napari_verdict.__version__,
        created=datetime.now(UTC),
        annotator=annotator,
        image=image_record(image, token),
        labels_dtype=np.dtype(dtype).name,
        second_to=second_to,
    )
    text = record.model_dump_json(indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / LABELLING_NAME, lambda p: p.write_text(text, "utf-8", newline="\n"))
    except OSError as error:
        raise refusal(
            "folder-unwritable",
            f"Labels cannot be kept in {str(folder)!r}: {error.strerror or error}. Choose another "
            "folder.",
        ) from error
    return Labelling(folder, record, np.zeros(image.shape, dtype))


def belongs(record: LabellingRecord, image: Input, token: CancelToken | None = None) -> bool:
    """Whether labels were made on the very pixels of an image, whatever it is called now."""
    known = record.image
    same = (known.axes, known.shape, known.dtype) == (
        image.axes,
        image.shape,
        np.dtype(image.data.dtype).name,
    )
    return same and checksum(pixels_of(image), token) == known.sha256


def image_record(image: Input, token: CancelToken | None = None) -> ImageRecord:
    """Return what is kept of an image; it is read once, in pieces, for its checksum."""
    return ImageRecord(
        name=image.name,
        path=image.path,
        axes=image.axes,
        shape=image.shape,
        dtype=np.dtype(image.data.dtype).name,
        scale=tuple(float(s) for s in image.scale),
        translate=tuple(float(t) for t in image.translate),
        units=tuple(str(u) for u in image.units),
        sha256=checksum(pixels_of(image), token),
        channels=_channels_of(image),
    )


def pixels_of(image: Input) -> Any:
    """Return all pixels of an image that is labelled; channels that share labels are an axis."""
    return image.channels if isinstance(image, MultichannelInput) else image.data


def _channels_of(image: Input) -> int:
    if not isinstance(image, MultichannelInput):
        return 1
    return int(image.channels.shape[image.channel_axis])


def unreadable(path: Path, why: str) -> str:
    """Return the sentence for what is there and cannot be read."""
    return f"{str(path)!r} cannot be read ({why}). It stays as it is; choose another folder."


def place_of(name: str, path: str | None) -> Path:
    """Return where all labels of an image of this name and file are kept by default."""
    file = None if path is None else Path(path)
    if file is not None and file.is_absolute() and file.parent.is_dir():  # a URL is neither
        return file.parent / f"{bare_name(file)}.labels"
    return Path.home() / "napari-verdict" / f"{safe_name(name) or 'image'}.labels"


def safe_name(name: str) -> str:
    """Return a name as files and folders may be called."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")


def refusal(code: str, message: str) -> ComparisonError:
    """Return the error for one finding."""
    return ComparisonError([Finding(code, Severity.ERROR, message)])
