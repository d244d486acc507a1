"""The record is strict JSON, follows the published schema, and loses no number."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict import compare_labels
from napari_verdict.comparison.findings import Finding, Remedy, Severity
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.record import Record, record_of, schema_text, to_json
from napari_verdict.comparison.result import Result
from napari_verdict.comparison.scores import SCORE_COLUMNS, Score

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "results.schema.json"


def result_with(*values: float, **changes: Any) -> Result:
    """Make a result that holds these values, without running anything."""
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    comparison = Comparison(
        Task.RESTORATION,
        Input("gt", image, "yx", scale=(0.1, 0.1), units=("micrometer", "micrometer")),
        (Input("cnn", image + 1, "yx", path="/somewhere/cnn.tif"),),
        raw=Input("raw", image + 2, "yx"),
    )
    rows = tuple(
        Score(
            image="gt",
            candidate="cnn",
            metric="psnr",
            value=value,
            unit="dB",
            convention="laine2021",
            reason="nothing to compare" if np.isnan(value) else None,
            n=12,
        )
        for value in values
    )
    result = replace(Result(comparison, rows), **changes)
    vars(result)["verdict"] = "A sentence."
    return result


def test_the_published_schema_is_the_one_of_the_models():
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "see CONTRIBUTING.md to renew it"


def test_a_record_follows_the_published_schema():
    finding = Finding("x", Severity.WARNING, "Odd.", "cnn", (Remedy("mend", "Mend it"),))
    record = record_of(result_with(1.0, np.nan, np.inf, findings=(finding,)))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(to_json(record)), schema)


def test_a_record_with_a_number_of_the_wrong_kind_does_not_follow_the_schema():
    record = record_of(result_with(1.0))
    record["scores"][0]["value"] = "huge"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, json.loads(schema_text()))


def test_scores_have_the_columns_of_the_table_in_its_order():
    assert list(record_of(result_with(1.0))["scores"][0]) == list(SCORE_COLUMNS)


@pytest.mark.parametrize(
    ("value", "written"),
    [(np.nan, None), (np.inf, "inf"), (-np.inf, "-inf"), (np.float32(0.5), 0.5), (3, 3.0)],
)
def test_undefined_is_null_with_its_reason_and_infinity_a_word(value, written):
    score = json.loads(to_json(record_of(result_with(value))))["scores"][0]
    assert score["value"] == written
    assert (score["reason"] is not None) == (written is None)


@settings(max_examples=50, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_bit_for_bit(value):
    text = to_json(record_of(result_with(value)))
    assert Record.model_validate_json(text).scores[0].value == value


def test_inputs_are_named_described_and_fingerprinted():
    inputs = record_of(result_with(1.0))["inputs"]
    assert [(i["role"], i["name"]) for i in inputs] == [
        ("ground truth", "gt"),
        ("raw", "raw"),
        ("prediction", "cnn"),
    ]
    truth, _, cnn = inputs
    assert truth["shape"] == [3, 4]
    assert truth["dtype"] == "uint16"
    assert truth["scale"] == [0.1, 0.1]
    assert truth["path"] is None
    assert cnn["path"] == "/somewhere/cnn.tif"
    assert truth["sha256"] == hashlib.sha256(np.arange(12, dtype="<u2").tobytes()).hexdigest()


def test_the_record_is_of_what_was_asked_for_not_of_what_was_cropped():
    asked = result_with(1.0).comparison.with_settings(decisions=("crop-to-common",))
    record = record_of(result_with(1.0, request=asked))
    assert record["settings"]["decisions"] == ["crop-to-common"]


def test_settings_are_recorded_in_full():
    recorded = record_of(result_with(1.0))["settings"]
    assert recorded["convention"]["id"] == "laine2021"
    assert recorded["convention"]["percentiles"] == [0.1, 99.9]
    assert set(recorded) == set(Settings.__dataclass_fields__)


def test_a_real_run_gives_a_record(rng):
    labels = rng.integers(0, 4, (20, 20))
    result = compare_labels({"a": labels, "b": labels * 0}, labels)
    record = json.loads(result.to_json())
    jsonschema.validate(record, json.loads(schema_text()))
    assert record["task"] == "instances"
    assert len(record["scores"]) == len(result.rows)
    assert record["verdict"] == result.verdict
