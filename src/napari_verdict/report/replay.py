"""Run a recorded comparison again, on the files it names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.conventions import Convention
from napari_verdict.comparison.evidence.model import Inquiry
from napari_verdict.comparison.evidence.record import settings_of
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.mask_runs import mask_of
from napari_verdict.comparison.model import Comparison, Input, Settings
from napari_verdict.comparison.record import (
    InputRecord,
    Record,
    RegionRecord,
    ScoreRecord,
)
from napari_verdict.comparison.regions import OnGrid, Region
from napari_verdict.comparison.run import complete, run
from napari_verdict.report.ome import read_input
from napari_verdict.report.points import read_points

if TYPE_CHECKING:
    from napari_verdict.comparison.result import Result


@dataclass(frozen=True)
class Difference:
    """A number that did not come out as recorded; None where it is missing on one side."""

    recorded: ScoreRecord | None
    replayed: ScoreRecord | None


def read_record(path: str | Path) -> Record:
    """Read and validate a `results.json`.

    Raises
    ------
    ComparisonError
        If it is missing or no record of this version.
    """
    path = Path(path)
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise _refusal(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refusal(
            f"{path.name!r} is no record that this version of napari-verdict reads "
            f"({where + ': ' if where else ''}{first['msg']})."
        ) from error


def replay(path: str | Path, *, threads: int | None = None) -> Result:
    """Run a recorded comparison again, from the same files, under the same settings.

    Parameters
    ----------
    path : str or Path
        A `results.json`. Inputs are looked for where it says, then beside it.
    threads : int, optional
        By default one for each processor.

    Returns
    -------
    Result
        Of the new run; `differences` compares it with the record.

    Raises
    ------
    ComparisonError
        If an input had no file, is gone, or has other pixels than those recorded.
    """
    path = Path(path)
    record = read_record(path)
    found = {(r.role, r.name): _input(r, path.parent) for r in record.inputs}
    settings = record.settings
    mask = found.get(("ignore mask", "ignore mask"))
    if record.evidence is not None:
        given = {role: [i for (r, _), i in found.items() if r == role] for role, _ in found}
        inquiry = Inquiry.of(
            given["raw"][0],
            given["prediction"],
            settings_of(record.evidence),
            captures=given.get("capture", ()),
            calibration=given.get("calibration", ()),
            ignore=mask.data if mask else None,
        )
        return complete(run(inquiry, threads=threads))
    comparison = Comparison(
        record.task,
        next(i for (role, _), i in found.items() if role == "ground truth"),
        tuple(i for (role, _), i in found.items() if role == "prediction"),
        next((i for (role, _), i in found.items() if role == "raw"), None),
        Settings(
            convention=Convention(**settings.convention.model_dump()),
            exclusions=Exclusions(**settings.exclusions.model_dump()),
            **settings.model_dump(exclude={"convention", "exclusions"}),
        ),
        mask.data if mask else None,
        tuple(map(_region, record.regions)),
        next((i for (role, _), i in found.items() if role == "objects"), None),
    )
    return complete(run(comparison, threads=threads))


def differences(record: Record, result: Result, *, tolerance: float = 1e-12) -> list[Difference]:
    """Compare every number of a record with a result.

    Parameters
    ----------
    record : Record
        What was recorded.
    result : Result
        What came out again.
    tolerance : float
        Relative; undefined agrees with undefined, infinity with infinity.

    Returns
    -------
    list of Difference
        Empty where every number is reproduced.
    """
    before = {_key(s): s for s in record.scores}
    after = {_key(s): s for s in (ScoreRecord.model_validate(row.as_row()) for row in result.rows)}
    return [
        Difference(before.get(key), after.get(key))
        for key in before | after
        if not (key in before and key in after)
        or not _agree(before[key].value, after[key].value, tolerance)
    ]


def _key(score: ScoreRecord) -> tuple[Any, ...]:
    index = tuple(sorted((score.axis_index or {}).items()))
    return (
        score.image,
        score.candidate,
        score.metric,
        score.convention,
        score.threshold,
        index,
        score.region,
        score.class_,
        score.aggregation,
    )


def _agree(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    return bool(a == b)


def _region(recorded: RegionRecord) -> Region:
    polygons = tuple(np.array(p, float) for p in recorded.polygons)
    labels = None
    if recorded.runs is not None and recorded.shape is not None:
        labels = _on_grid(mask_of(recorded.runs, recorded.shape), recorded)
    return Region(recorded.name, polygons, labels, axes=recorded.axes)


def _on_grid(mask: Any, recorded: RegionRecord | InputRecord) -> Any:
    """Return a mask beside points where it lay."""
    if recorded.steps is None or recorded.starts is None:
        return mask
    return OnGrid(mask, recorded.steps, recorded.starts)


def _input(recorded: InputRecord, beside: Path) -> Input:
    """Read a recorded input again and make sure that its pixels are the same."""
    if recorded.path is None and recorded.runs is not None:
        mask = _on_grid(mask_of(recorded.runs, recorded.shape), recorded)
        return Input(recorded.name, mask, recorded.axes)
    if recorded.path is None:
        raise _refusal(
            f"{recorded.name!r} ({recorded.role}) was an array in memory, so there is no file to "
            "read it from again. Only comparisons of files can be replayed."
        )
    path = Path(recorded.path)
    if not path.is_file():
        path = beside / path.name
    if not path.is_file():
        raise _refusal(
            f"The file of {recorded.name!r} ({recorded.role}) is neither at {recorded.path!r} nor "
            "beside the record."
        )
    is_table = path.suffix.lower() == ".csv"
    given = (read_points if is_table else read_input)(path, recorded.name)
    if given.data.dtype.name != recorded.dtype or checksum(given.data) != recorded.sha256:
        raise _refusal(
            f"The pixels of {path.name!r} are not those recorded for {recorded.name!r}: the file "
            "has changed since, or only a part of it was compared."
        )
    return Input(
        recorded.name,
        given.data if given.shape == recorded.shape else given.data.reshape(recorded.shape),
        recorded.axes,
        recorded.scale,
        recorded.translate,
        recorded.units,
        given.path,
    )


def _refusal(message: str) -> ComparisonError:
    return ComparisonError([Finding("replay", Severity.ERROR, message)])
