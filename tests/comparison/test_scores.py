from __future__ import annotations

import math

import pytest

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity, blocking
from napari_verdict.comparison.scores import SCORE_COLUMNS, Rows, Score


def _score(**fields: object) -> Score:
    given = {"image": "gt", "candidate": "a", "metric": "f1", "value": 0.5, "unit": "1"}
    return Score(**(given | {"convention": "iou>=0.50"} | fields))  # type: ignore[arg-type]


def test_an_undefined_score_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        _score(value=math.nan)
    assert math.isnan(_score(value=math.nan, reason="both_empty: no objects").value)


def test_a_score_may_be_infinite() -> None:
    assert _score(metric="psnr", value=math.inf).value == math.inf


def test_a_row_has_the_published_columns_in_order() -> None:
    row = _score(class_=3, axis_index={"t": 2}).as_row()
    assert tuple(row) == SCORE_COLUMNS
    assert (row["class"], row["axis_index"], row["value"]) == (3, {"t": 2}, 0.5)
    assert row["ci_low"] is None


def test_only_errors_block_and_the_exception_says_all_of_them() -> None:
    found = [Finding(s.value, s, f"It is {s.value}.") for s in Severity]
    found.append(Finding("other", Severity.ERROR, "And more."))
    bad = blocking(found)
    assert [f.code for f in bad] == ["error", "other"]
    error = ComparisonError(bad)
    assert str(error) == "It is error. And more."
    assert error.findings == bad
    assert isinstance(error, ValueError)


def test_rows_of_frames_are_made_once_and_only_when_asked_for() -> None:
    made: list[int] = []
    whole, part = _score(value=1.0), _score(value=2.0)

    def parts() -> tuple[Score, ...]:
        made.append(1)
        return (part,)

    rows = Rows((whole,), parts)
    assert next(iter(rows)) is rows[0] is whole
    assert not made
    assert list(rows) == [whole, part]
    assert (len(rows), rows[-1], rows[1:]) == (2, part, (part,))
    assert made == [1]
