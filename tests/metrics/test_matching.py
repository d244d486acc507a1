"""One-to-one matching against brute force and against stardist."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from cases import CASES, crowded, exact_half, huge_ids, split_in_halves
from napari_verdict.metrics.assignment import best_assignment
from napari_verdict.metrics.instances import instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate

THRESHOLDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95]


def objective(table, threshold, chosen, inclusive=True):
    """The matches, then a share below one half for the IoU of all chosen pairs."""
    iou = table.pairs.iou[list(chosen)]
    n = max(1, min(len(table.gt_objects), len(table.pred_objects)))
    enough = iou >= threshold if inclusive else iou > threshold
    return enough.sum() + iou.sum() / (2 * n)


def best_by_brute_force(table, threshold, inclusive):
    pairs = table.pairs
    row = {(g, p): k for k, (g, p) in enumerate(zip(pairs.gt, pairs.pred, strict=True))}
    n, m = len(table.gt_objects), len(table.pred_objects)
    best = 0.0
    for order in permutations(range(max(n, m)), n):
        chosen = [row[g, p] for g, p in enumerate(order) if (g, p) in row]
        best = max(best, objective(table, threshold, chosen, inclusive))
    return best


@pytest.mark.parametrize("case", CASES)
def test_canonical_cases(case):
    c = CASES[case]()
    counts = instance_counts(match(tabulate(c.ground_truth, c.prediction), 0.5))
    assert (counts.tp, counts.fp, counts.fn) == (c.tp, c.fp, c.fn)


def test_exactly_the_threshold_matches_with_ge_and_not_with_gt():
    c = exact_half()
    table = tabulate(c.ground_truth, c.prediction)
    assert match(table, 0.5, inclusive=True).tp == 1
    assert match(table, 0.5, inclusive=False).tp == 0


@pytest.mark.parametrize("k", range(1, 20))
def test_the_threshold_is_met_exactly_at_every_twentieth(k):
    gt, pred = np.zeros((1, 20), int), np.zeros((1, 20), int)
    gt[:], pred[:, :k] = 1, 1
    table = tabulate(gt, pred)
    assert match(table, k / 20).tp == 1
    assert match(table, k / 20, inclusive=False).tp == 0


def test_ids_are_the_original_ones():
    c = huge_ids()
    matching = match(tabulate(c.ground_truth, c.prediction), 0.5)
    assert matching.pairs == (
        (2**40 + 1, 2**64 - 2),
        (2**53 + 1, 2**53),
        (2**64 - 1, 2**40),
    )


def test_matched_missed_and_extra_are_named():
    c = split_in_halves()
    matching = match(tabulate(c.ground_truth, c.prediction), 0.5)
    assert matching.matched.tolist() == [1]
    assert matching.missed.tolist() == []
    assert sorted([*matching.extra.tolist(), matching.pairs[0][1]]) == [1, 2]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([*THRESHOLDS, None]), st.booleans())
def test_it_is_as_good_as_brute_force(seed, threshold, inclusive):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (8, 8), 5)
    table = tabulate(gt, pred)
    if threshold is None:  # exactly that of a pair
        threshold = rng.choice(table.pairs.iou) if len(table.pairs.iou) else 0.5
    best = best_by_brute_force(table, threshold, inclusive)
    matching = match(table, threshold, inclusive)
    assert matching.tp == int(best + 1e-9)
    assert completed_objective(table, matching) == pytest.approx(best, abs=1e-9)
    assert (matching.iou >= threshold if inclusive else matching.iou > threshold).all()
    assert len(set(matching.gt.partners)) - (-1 in matching.gt.partners) == matching.tp


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_it_equals_stardist_on_random_labels(seed, threshold):
    reference = pytest.importorskip("stardist.matching").matching
    gt, pred = crowded(np.random.default_rng(seed), (120, 120), 150)
    assert_equals_stardist(reference, gt, pred, threshold)


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_it_equals_stardist_in_tissue_where_everything_touches(threshold):
    reference = pytest.importorskip("stardist.matching").matching
    gt, pred = tissue(np.random.default_rng(1), 240, 600)
    assert_equals_stardist(reference, gt, pred, threshold)


def tissue(rng, side, n):
    """Cells without background between them, and the same with their centres moved."""
    centres = rng.uniform(0, side, (n, 2))
    pixels = np.stack(np.mgrid[:side, :side], -1).reshape(-1, 2)
    moved = centres + rng.normal(0, 0.3 * side / n**0.5, centres.shape)
    return [(cKDTree(c).query(pixels)[1] + 1).reshape(side, side) for c in (centres, moved)]


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize(
    ("folder", "prediction"),
    [
        ("dsb2018", "prediction_unet_cc"),
        ("dsb2018", "prediction_unet_watershed"),
        ("ovule3d", "prediction_watershed"),
    ],
)
def test_it_equals_stardist_on_real_labels(read_shared, folder, prediction, threshold):
    reference = pytest.importorskip("stardist.matching").matching
    gt = read_shared(f"{folder}/gt_labels.ome.tif")
    assert_equals_stardist(reference, gt, read_shared(f"{folder}/{prediction}.ome.tif"), threshold)


def assert_equals_stardist(reference, gt, pred, threshold):
    theirs = reference(gt, pred, threshold, report_matches=True)
    table = tabulate(gt, pred)
    ours = match(table, threshold)
    assert (ours.tp, len(ours.extra), len(ours.missed)) == (theirs.tp, theirs.fp, theirs.fn)
    pairs = {theirs.matched_pairs[k] for k in theirs.matched_tps}
    if set(ours.pairs) != pairs:  # only where the choice makes no difference
        ids = zip(
            table.gt[table.gt * table.pred != 0],
            table.pred[table.gt * table.pred != 0],
            strict=True,
        )
        row = {pair: k for k, pair in enumerate(ids)}
        everything = np.zeros(len(row), bool)
        everything[[row[p] for p in theirs.matched_pairs if p in row]] = True
        assert np.isclose(
            objective(table, threshold, np.flatnonzero(everything)),
            completed_objective(table, ours),
            rtol=0,
            atol=1e-7,
        )


def completed_objective(table, matching):
    """The objective with the best of the pairs below the threshold added to the matches."""
    pairs = table.pairs
    free = (matching.gt.partners[pairs.gt] < 0) & (matching.pred.partners[pairs.pred] < 0)
    rest = np.flatnonzero(free)
    more = rest[best_assignment(pairs.gt[rest], pairs.pred[rest], pairs.iou[rest])]
    chosen = np.r_[matching.chosen, more]
    return objective(table, matching.threshold, chosen, matching.inclusive)


def test_assignment_prefers_one_good_pair_to_two_poor_ones():
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert best_assignment(rows, columns, np.array([5.0, 1.0, 1.0])).tolist() == [0]
    assert best_assignment(rows, columns, np.array([1.5, 1.0, 1.0])).tolist() == [1, 2]
    assert best_assignment(rows[:0], columns[:0], np.empty(0)).tolist() == []


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 0.7]))
def test_counts_do_not_depend_on_which_label_is_which(seed, threshold):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (20, 20), 9)
    renamed = np.r_[0, rng.choice(2**50, 20, replace=False) + 1]
    before = instance_counts(match(tabulate(gt, pred), threshold))
    after = instance_counts(
        match(tabulate(renamed[gt], renamed[::-1][pred] * (pred > 0)), threshold)
    )
    assert (before.n_gt, before.n_pred, before.tp) == (after.n_gt, after.n_pred, after.tp)
    assert before.sum_best_iou == after.sum_best_iou
    if threshold > 0.5:
        assert before == after


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 0.7]))
def test_swapping_the_sides_swaps_precision_and_recall(seed, threshold):
    gt, pred = crowded(np.random.default_rng(seed), (20, 20), 9)
    there = instance_counts(match(tabulate(gt, pred), threshold)).scores()
    back = instance_counts(match(tabulate(pred, gt), threshold)).scores()
    assert there["f1"] == back["f1"]
    assert there["precision"].value == back["recall"].value
    assert there["recall"].value == back["precision"].value


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_a_stricter_threshold_never_finds_more(seed):
    gt, pred = crowded(np.random.default_rng(seed), (20, 20), 9)
    table = tabulate(gt, pred)
    found = [match(table, t).tp for t in THRESHOLDS]
    assert found == sorted(found, reverse=True)
    for t in THRESHOLDS:
        matching = match(table, t)
        assert matching.tp + len(matching.missed) == len(table.gt_objects)
        assert matching.tp + len(matching.extra) == len(table.pred_objects)
