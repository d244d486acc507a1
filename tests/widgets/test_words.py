"""Numbers of the score table: with intervals, a best one only where intervals are apart."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from napari_verdict.comparison.model import Task
from napari_verdict.comparison.scores import Score
from napari_verdict.widgets.words import Row, best_candidate, text_of

DECIBELS = Row("upsnr", "uPSNR", 1, "", "error", ".1f", interval=True)
ERROR = Row("umse", "uMSE", -1, "", "error", ".3g", interval=True)


def score(metric, candidate, value, low=None, high=None):
    return Score(
        image="raw", candidate=candidate, metric=metric, value=value, unit="1",
        convention="", ci_low=low, ci_high=high, reason="small" if math.isnan(value) else None,
    )  # fmt: skip


def result_of(*rows):
    comparison = SimpleNamespace(task=Task.EVIDENCE, candidates={s.candidate: None for s in rows})
    return SimpleNamespace(comparison=comparison, rows=rows)


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (26.68, 26.1, 27.3, "26.7±0.6"),
        (36.66, 29.84, None, "36.7 (> 29.8)"),
        (math.nan, 36.45, None, "> 36.5"),
        (math.nan, None, None, "undefined"),
        (26.68, None, None, "26.7"),
    ],
)
def test_intervals_are_written_beside_the_number(value, low, high, text):
    assert text_of(score("upsnr", "a", value, low, high), DECIBELS) == text


def test_of_intervals_that_meet_none_is_called_best():
    a, b = score("upsnr", "a", 26.7, 26.1, 27.3), score("upsnr", "b", 26.3, 25.6, 27.1)
    assert best_candidate(result_of(a, b), DECIBELS) is None
    raw = score("upsnr", "raw", 20.2, 19.9, 20.5)
    assert best_candidate(result_of(a, raw), DECIBELS) == "a"


def test_what_is_too_good_to_be_measured_can_be_the_best():
    perfect = score("upsnr", "a", math.nan, 36.5)
    good = score("upsnr", "b", 30.0, 29.0, 31.0)
    assert best_candidate(result_of(perfect, good), DECIBELS) == "a"
    close = score("upsnr", "b", 36.0, 35.0, 37.0)
    assert best_candidate(result_of(perfect, close), DECIBELS) is None
    open_above = score("upsnr", "b", 30.0, 29.0)
    assert best_candidate(result_of(perfect, open_above), DECIBELS) is None


def test_less_error_is_better_and_its_interval_has_to_be_apart_too():
    a, b = score("umse", "a", 9.7, 8.5, 10.9), score("umse", "b", 42.9, 40.2, 45.7)
    assert best_candidate(result_of(a, b), ERROR) == "a"
    near = score("umse", "b", 11.5, 10.5, 12.5)
    assert best_candidate(result_of(a, near), ERROR) is None
