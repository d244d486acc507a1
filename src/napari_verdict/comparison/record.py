"""The record of a run: what was compared, how, with what, and every number, as `results.json`."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

import napari_verdict
from napari_verdict.comparison.checksums import checksum, pieces
from napari_verdict.comparison.evidence.record import EvidenceRecord, evidence_record
from napari_verdict.comparison.findings import Severity  # noqa: TC001 - pydantic reads it
from napari_verdict.comparison.judgements import Judgement  # noqa: TC001 - as above
from napari_verdict.comparison.mask_runs import runs_of
from napari_verdict.comparison.model import Input, Task
from napari_verdict.comparison.regions import OnGrid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.regions import Region
    from napari_verdict.comparison.result import Result
    from napari_verdict.engine.cancel import CancelToken

SCHEMA_VERSION = 1
_SOFTWARE = ("numpy", "scipy", "scikit-image", "numba", "pandas", "pydantic", "tifffile", "napari")


def _number(value: Any) -> Any:
    if not isinstance(value, float | np.floating) or math.isfinite(value):
        return value
    return None if math.isnan(value) else "inf" if value > 0 else "-inf"


#: JSON has neither NaN nor infinity: undefined is null, infinity a word.
Number = Annotated[
    float | Literal["inf", "-inf"] | None,
    BeforeValidator(_number),
    Field(description='A number; "inf" or "-inf" where infinite, null where undefined.'),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputRecord(_Model):
    """One array that went in."""

    role: Literal[
        "ground truth", "raw", "prediction", "capture", "calibration", "ignore mask", "objects"
    ]
    name: str
    path: str | None = Field(description="The file it was read from; null for arrays in memory.")
    shape: tuple[int, ...]
    dtype: str
    axes: str = Field(description="One letter an axis, out of t, c, z, y, x.")
    scale: tuple[float, ...] = Field(description="Size of a pixel along each axis, in units.")
    translate: tuple[float, ...] = Field(description="Position of the first pixel, in units.")
    units: tuple[str, ...]
    sha256: str = Field(description="Of the elements in C order, least significant byte first.")
    runs: tuple[int, ...] | None = Field(None, description="Of an ignore mask, as of a region.")
    steps: tuple[float, ...] | None = Field(None, description="Of an ignore mask of points.")
    starts: tuple[float, ...] | None = Field(None, description="Of an ignore mask of points.")


class ConventionRecord(_Model):
    """Normalisation and fit of restoration scores."""

    id: str
    title: str
    percentiles: tuple[float, float] | None
    fit: str
    per_plane: bool
    summary: str


class ExclusionsRecord(_Model):
    """Which objects counted, and whether the ground truth had them all."""

    border: Literal["keep", "ignore"] = "keep"
    min_size: int = Field(0, description="Smaller objects are ignored, in pixels.")
    sparse: bool = False


class RegionRecord(_Model):
    """A part of the image that was scored by itself, in pixels of the ground truth."""

    name: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = Field(
        description="Corners as (y, x); empty where `runs` say where it is."
    )
    runs: tuple[int, ...] | None = Field(
        description="Lengths of runs outside and inside by turns, in C order."
    )
    shape: tuple[int, ...] | None = Field(description="Of what `runs` fill.")
    axes: str = Field(description="Of `shape`.")
    steps: tuple[float, ...] | None = Field(
        None, description="Beside points: size of the pixels of `runs`; null where it is 1."
    )
    starts: tuple[float, ...] | None = Field(
        None, description="Beside points: where the first pixel of `runs` has its centre."
    )


class SettingsRecord(_Model):
    """How it was compared."""

    convention: ConventionRecord
    ssim_3d: bool
    iou_threshold: float
    iou_inclusive: bool
    radius: float | None
    decisions: tuple[str, ...] = Field(description="Remedies that were accepted, by id.")
    exclusions: ExclusionsRecord = ExclusionsRecord()


class RemedyRecord(_Model):
    """A way out that was offered."""

    id: str
    label: str


class FindingRecord(_Model):
    """Something preflight had to say."""

    code: str
    severity: Severity
    message: str
    candidate: str | None
    remedies: tuple[RemedyRecord, ...]


class ScoreRecord(_Model):
    """One number with all it depends on; null where a field does not apply."""

    image: str
    candidate: str
    metric: str
    value: Number
    unit: str
    convention: str
    reason: str | None = Field(description="Why the value is undefined.")
    n: int | None = Field(description="How many pixels or objects it rests on.")
    threshold: float | None
    axis_index: dict[str, int] | None = Field(description="The frame or plane; null for all.")
    region: str | None
    class_: int | None = Field(alias="class")
    aggregation: str | None
    ci_low: Number
    ci_high: Number


class JudgementRecord(_Model):
    """What a person said of one entry."""

    candidate: str
    role: Literal["ground truth", "prediction", "place", "dispute"]
    frame: tuple[int, ...] = Field(description="Index along the frame axes (t, c).")
    id: int = Field(
        ge=0, lt=2**64, description="Of the object; of a place or dispute its rank, from 1."
    )
    judgement: Judgement | None
    note: str
    at: AwareDatetime
    ranking: str | None = Field(None, description="Of a place: what ranked it, and the size.")
    box: tuple[int, ...] | None = Field(None, description="Of a place: z0, z1, y0, y1, x0, x1.")
    value: float | None = Field(None, description="Of a place: what ranked it.")


class FileRecord(_Model):
    """A file that was saved beside the record."""

    name: str
    kind: Literal[
        "scores", "objects", "disputes", "map", "overlay", "judgements", "mended ground truth"
    ]
    of: str | None = Field(description="Which map or overlay; whose scores, if not of the whole.")
    candidate: str | None


class Record(_Model):
    """One run of napari-verdict, from which everything that was seen can be made again."""

    model_config = ConfigDict(title="napari-verdict results")

    schema_version: Literal[1]
    created: AwareDatetime = Field(description="When the record was made, in UTC.")
    verdict_version: str
    python: str
    software: dict[str, str] = Field(description="Versions of the packages the numbers rest on.")
    platform: str
    task: Task
    settings: SettingsRecord
    inputs: tuple[InputRecord, ...]
    regions: tuple[RegionRecord, ...] = ()
    evidence: EvidenceRecord | None = Field(None, description="Of runs without ground truth.")
    findings: tuple[FindingRecord, ...]
    verdict: str = Field(description="What the scores mean, in plain words.")
    seconds: float
    scores: tuple[ScoreRecord, ...]
    judgements: tuple[JudgementRecord, ...] | None = Field(
        None, description="Null where nobody was asked."
    )
    files: tuple[FileRecord, ...]


def record_of(
    result: Result,
    files: Iterable[FileRecord] = (),
    token: CancelToken | None = None,
    judgements: Iterable[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the record of a run, ready for JSON.

    Parameters
    ----------
    result : Result
        A finished run. Every input is read once more, in pieces, for its checksum.
    files : iterable of FileRecord
        What was saved beside the record.
    token : CancelToken, optional
        Stops the reading.
    judgements : iterable of mapping, optional
        What a person said of entries, as `Judgements.as_rows` gives it.

    Returns
    -------
    dict
        As `docs/results.schema.json` describes; NaN is null, infinity a word.
    """
    comparison = result.request or result.comparison
    record = Record(
        schema_version=SCHEMA_VERSION,
        created=datetime.now(UTC).replace(microsecond=0),
        verdict_version=napari_verdict.__version__,
        python=platform.python_version(),
        software=dict(_versions()),
        platform=platform.platform(),
        task=comparison.task,
        settings=_fields_of(SettingsRecord, comparison.settings),
        inputs=tuple(_input_records(comparison, token)),
        regions=tuple(map(_region_record, comparison.regions)),
        evidence=evidence_record(result),
        findings=tuple(_fields_of(FindingRecord, f) for f in result.findings),
        verdict=result.verdict,
        seconds=result.seconds,
        scores=tuple(ScoreRecord.model_validate(s.as_row()) for s in result.rows),
        judgements=None
        if judgements is None
        else tuple(map(JudgementRecord.model_validate, judgements)),
        files=tuple(files),
    )
    return record.model_dump(mode="json", by_alias=True)


def to_json(record: dict[str, Any]) -> str:
    """Return a record as the text of a `results.json`; strict JSON, without NaN."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def schema_text() -> str:
    """Return the JSON Schema of `results.json`, as published in `docs/results.schema.json`."""
    schema = Record.model_json_schema(mode="serialization", by_alias=True)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | schema, indent=2, ensure_ascii=False) + "\n"


def _region_record(region: Region) -> RegionRecord:
    labels = region.labels
    return RegionRecord(
        name=region.name,
        polygons=tuple(np.asarray(p, float).tolist() for p in region.polygons),
        runs=None if labels is None else runs_of((p for _, p in pieces(labels)), region.value),
        shape=None if labels is None else tuple(int(n) for n in labels.shape),
        axes=region.axes,
        **_grid_of(labels),
    )


def _grid_of(labels: Any) -> dict[str, Any]:
    """Return where labels lie that have pixels of their own."""
    own = isinstance(labels, OnGrid)
    return {"steps": labels.steps, "starts": labels.starts} if own else {}


def _input_records(comparison: Comparison, token: CancelToken | None) -> Iterator[InputRecord]:
    truth = comparison.ground_truth
    for role, given in comparison.inputs:
        yield _input_record(role, given, token)
    if comparison.objects is not None:
        yield _input_record("objects", replace(comparison.objects, axes=truth.axes), token)
    if comparison.ignore is not None:
        last = slice(-len(comparison.ignore.shape), None)  # that of points may lack the first axes
        mask = Input(
            "ignore mask",
            comparison.ignore,
            truth.axes[last],
            truth.scale[last],
            truth.translate[last],
            truth.units[last],
        )
        runs = runs_of(p for _, p in pieces(comparison.ignore))
        more = {"runs": runs, **_grid_of(comparison.ignore)}
        yield _input_record("ignore mask", mask, token).model_copy(update=more)


def _input_record(role: Any, given: Input, token: CancelToken | None) -> InputRecord:
    return InputRecord(
        role=role,
        name=given.name,
        path=given.path,
        shape=given.shape,
        dtype=np.dtype(given.data.dtype).name,
        axes=given.axes,
        scale=tuple(float(s) for s in given.scale),
        translate=tuple(float(t) for t in given.translate),
        units=tuple(str(u) for u in given.units),
        sha256=checksum(given.data, token),
    )


def _fields_of(model: type[_Model], source: Any) -> Any:
    """Validate a frozen dataclass of ours as the record that has the same fields."""
    return model.model_validate(source, from_attributes=True)


def _versions() -> Iterator[tuple[str, str]]:
    for name in _SOFTWARE:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
