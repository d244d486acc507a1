"""Two predictions compared object by object."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import discs
from cases import compare, crowded, huge_ids, missed_and_extra, nothing_there
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.objects.agreement import GROUPS, agreement
from napari_verdict.comparison.objects.listing import object_entries
from napari_verdict.metrics.error_kinds import Kind


def without(labels: np.ndarray, *ids: int) -> np.ndarray:
    return np.where(np.isin(labels, ids), 0, labels)


def test_each_disc_is_found_by_both_by_one_or_by_neither():
    truth = discs()
    result = compare({"a": without(truth, 3, 4), "b": without(truth, 2, 4)}, truth)
    found = agreement(result, "a", "b")
    assert found.counts == {"both": 1, "only a": 1, "only b": 1, "neither": 1}
    assert [GROUPS[g] for g in found.group] == ["both", "only a", "only b", "neither"]
    assert found.keys("only b", "a") == (EntryKey("a", "ground truth", (), 3),)


def test_another_threshold_moves_objects_between_the_groups():
    truth = discs()
    shifted = np.roll(truth, 2, axis=1)
    result = compare({"a": truth, "b": shifted}, truth)
    assert agreement(result, "a", "b").counts["both"] == 4
    assert agreement(result.at(0.9), "a", "b").counts["only a"] == 4


def test_frames_are_kept_apart():
    truth = np.stack([discs(), discs()])
    prediction = truth.copy()
    prediction[1] = without(prediction[1], 2)
    found = agreement(compare({"a": truth, "b": prediction}, truth, "tyx"), "a", "b")
    assert found.keys("only a", "b") == (EntryKey("b", "ground truth", (1,), 2),)


def test_extra_objects_take_no_part():
    case = missed_and_extra()
    result = compare({"a": case.prediction, "b": case.ground_truth}, case.ground_truth)
    assert agreement(result, "a", "b").counts == dict.fromkeys(GROUPS, 0) | {"only b": 1}
    case = nothing_there()
    result = compare({"a": case.prediction, "b": case.prediction}, case.ground_truth)
    assert agreement(result, "a", "b").counts == dict.fromkeys(GROUPS, 0)


@pytest.mark.parametrize("how", ["border", "small", "mask"])
def test_ignored_objects_are_in_no_group(how):
    truth = discs()
    truth[30:38, 0:3] = 5  # at the border, and smaller than a disc
    a, b = without(truth, 3), without(truth, 5)
    ignore = np.zeros(truth.shape, bool)
    ignore[30:38, 0:2] = True
    rules = {
        "border": {"exclusions": Exclusions(border="ignore")},
        "small": {"exclusions": Exclusions(min_size=30)},
        "mask": {"ignore": ignore},
    }
    result = compare({"a": a, "b": b}, truth, **rules[how])
    found = agreement(result, "a", "b")
    assert found.id.tolist() == [1, 2, 3, 4]
    assert found.counts == {"both": 3, "only a": 0, "only b": 1, "neither": 0}
    listed = object_entries(result, "a")
    shown = {k for k, kind in zip(listed.id, listed.kind, strict=True) if kind != Kind.IGNORED}
    assert shown == set(found.id.tolist())


def test_ids_that_no_float_holds_are_named_exactly():
    case = huge_ids()
    result = compare({"a": case.prediction, "b": np.zeros_like(case.prediction)}, case.ground_truth)
    assert {k.id for k in agreement(result, "a", "b").keys("only a", "a")} == {
        *(2**40 + 1, 2**53 + 1, 2**64 - 1)
    }


def test_only_predictions_of_instances_can_be_compared():
    result = compare(discs(), discs())
    with pytest.raises(KeyError):
        agreement(result, "prediction", "cellpose")


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 0.8]))
def test_the_groups_are_a_partition_that_agrees_with_the_scores(seed, threshold):
    rng = np.random.default_rng(seed)
    truth, a = crowded(rng, (2, 30, 30), 20)
    b = np.where(rng.random(truth.shape) < 0.3, 0, truth)
    result = compare({"a": a, "b": b}, truth, "tyx", iou_threshold=threshold)
    counts = agreement(result, "a", "b").counts
    assert sum(counts.values()) == result.score("n_gt", "a").value
    assert counts["both"] + counts["only a"] == result.score("tp", "a").value
    assert counts["both"] + counts["only b"] == result.score("tp", "b").value
    mirrored = agreement(result, "b", "a").counts
    assert (counts["only a"], counts["only b"]) == (mirrored["only b"], mirrored["only a"])
