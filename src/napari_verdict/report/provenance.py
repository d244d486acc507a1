"""Where labels come from: image, tiles and their chances, people, times, versions."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

import napari_verdict
from napari_verdict.comparison.checksums import checksum
from napari_verdict.report.labelling import ImageRecord, image_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.origins import Origins
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken

SCHEMA_VERSION = 1
_SOFTWARE = ("napari", "numpy", "scipy", "scikit-image", "tifffile")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TileRecord(_Model):
    """One tile, and the files it was exported to."""

    order: int = Field(description="In which tiles were to be labelled, from 1.")
    image: str
    frame: tuple[int, ...] = Field(description="Index along the axes t and c.")
    z0: int
    z1: int
    y0: int
    y1: int
    x0: int
    x1: int
    drawn: Literal["random", "importance", "by hand"]
    share: float | None = Field(description="Chance at the first draw; null if chosen by hand.")
    inclusion: float | None = Field(
        description="Probability to be among the tiles; null where chances are unequal."
    )
    state: Literal["open", "finished", "skipped"]
    reason: str | None = Field(description="Why it was skipped.")
    n_objects: int | None = Field(None, description="With a pixel in a finished tile.")
    image_file: str | None = None
    mask_file: str | None = None
    ignore_file: str | None = None


class SamplingRecord(_Model):
    """How tiles were drawn."""

    population: int = Field(description="How many tiles there were to draw from.")
    size: int
    depth: int
    margin: tuple[int, int, int] = Field(description="Along z, y, x, in pixels.")
    seed: int
    by: tuple[str, ...] = Field(description="What tiles were spread over.")
    priority: str = Field(description="What unequal chances followed; empty where equal.")
    uniform_part: float
    sentence: str


class LabelsRecord(_Model):
    """The labels."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str = Field(description="Of the elements in C order, least significant byte first.")
    n_objects: int
    origins: dict[str, int] = Field(description="Objects by origin.")
    accepted_unchanged: float | None = Field(description="Share of objects; null without any.")
    sentence: str


class _Circumstances(_Model):
    """Who made labels, when, and with what."""

    schema_version: Literal[1]
    created: AwareDatetime = Field(description="When it was exported, in UTC.")
    verdict_version: str
    python: str
    platform: str
    software: dict[str, str]
    annotators: tuple[str, ...]
    first: AwareDatetime | None = Field(description="When the first object was made.")
    last: AwareDatetime | None = Field(description="When an object was last changed.")
    seconds: float = Field(description="Spent on objects, those that are gone with them.")
    blind: bool | None = Field(
        None,
        description="Whether no prediction was seen while labelling; null where not known, as "
        "of labels that were there before.",
    )
    tiles: tuple[TileRecord, ...]
    files: tuple[str, ...] = Field(description="Beside this one.")


class Provenance(_Circumstances):
    """Ground truth that people made with napari-verdict, and how."""

    model_config = ConfigDict(title="napari-verdict labels")

    image: ImageRecord
    labels: LabelsRecord
    sampling: SamplingRecord | None


class PictureProvenance(_Model):
    """One of several images, and its labels."""

    image: ImageRecord
    condition: str
    labels: LabelsRecord | None = Field(description="Null where none of its tiles was labelled.")
    files: tuple[str, ...] = Field((), description="Its labels, mask and tiles.")


class SetProvenance(_Circumstances):
    """Ground truth that people made of several images with napari-verdict, and how."""

    model_config = ConfigDict(title="napari-verdict labels of several images")

    images: tuple[PictureProvenance, ...]
    sampling: SamplingRecord


def provenance_of(
    image: Input,
    labels: NDArray[Any],
    origins: Origins,
    annotator: str,
    plan: Plan | None,
    tiles: Iterable[Mapping[str, Any]],
    files: Iterable[str],
    token: CancelToken | None = None,
    *,
    blind: bool | None = None,
) -> Provenance:
    """Return where labels come from.

    Parameters
    ----------
    image : Input
        What was labelled; read once for its checksum.
    labels : ndarray of int
        As they were exported.
    origins : Origins
        Of the labels.
    annotator : str
        Who labels now; those who made and changed objects are named as well.
    plan : Plan, optional
        How tiles were drawn.
    tiles : iterable of mapping
        Rows of tiles with their files, as `TileRecord` has them.
    files : iterable of str
        What was written.
    token : CancelToken, optional
        Stops the reading.
    blind : bool, optional
        Whether no prediction was seen while labelling.
    """
    return Provenance(
        **_circumstances([origins], annotator, tiles, files, blind),
        image=image_record(image, token),
        labels=labels_record(labels, origins, token),
        sampling=plan and SamplingRecord.model_validate(plan, from_attributes=True),
    )


def provenance_of_set(
    images: Iterable[PictureProvenance],
    origins: Sequence[Origins],
    annotator: str,
    plan: Plan,
    tiles: Iterable[Mapping[str, Any]],
    files: Iterable[str],
    *,
    blind: bool | None = None,
) -> SetProvenance:
    """Return where the labels of several images come from; parameters as in `provenance_of`."""
    return SetProvenance(
        **_circumstances(origins, annotator, tiles, files, blind),
        images=tuple(images),
        sampling=SamplingRecord.model_validate(plan, from_attributes=True),
    )


def labels_record(
    labels: NDArray[Any], origins: Origins, token: CancelToken | None = None
) -> LabelsRecord:
    """Return what is kept of labels."""
    share = origins.accepted_unchanged()
    counts = {str(origin): n for origin, n in origins.counts().items()}
    return LabelsRecord(
        shape=labels.shape,
        dtype=labels.dtype.name,
        sha256=checksum(labels, token),
        n_objects=sum(counts.values()),
        origins=counts,
        accepted_unchanged=None if math.isnan(share) else share,
        sentence=origins.sentence(),
    )


def _circumstances(
    origins: Sequence[Origins],
    annotator: str,
    tiles: Iterable[Mapping[str, Any]],
    files: Iterable[str],
    blind: bool | None,
) -> dict[str, Any]:
    """Return what `_Circumstances` holds."""
    known = [o for one in origins for o in one.objects.values()]
    return {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).replace(microsecond=0),
        "verdict_version": napari_verdict.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "software": {name: importlib.metadata.version(name) for name in _SOFTWARE},
        "annotators": tuple(dict.fromkeys([a for o in known for a in o.annotators] + [annotator])),
        "first": min((o.first for o in known), default=None),
        "last": max((o.last for o in known), default=None),
        "seconds": round(math.fsum(o.seconds for o in known), 3),
        "blind": blind,
        "tiles": tuple(TileRecord.model_validate(row) for row in tiles),
        "files": tuple(files),
    }
