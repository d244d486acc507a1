"""Kinds of error against their definition, object by object."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASES, crowded
from napari_verdict.metrics.error_kinds import KINDS, Kind
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate

EXPECTED = {
    "identical": (["matched"] * 2, ["matched"] * 2),
    "shifted_square": (["matched"], ["matched"]),
    "exact_half": (["matched"], ["matched"]),
    "split": (["matched"], ["matched", "split"]),
    "split_in_halves": (["matched"], ["matched", "split"]),
    "merge": (["matched", "merge"], ["matched"]),
    "split_in_three": (["split"], ["split"] * 3),
    "merge_of_three": (["merge"] * 3, ["merge"]),
    "many_to_many": (["many-to-many", "matched"], ["many-to-many", "matched"]),
    "fragment": (["matched"], ["matched", "inaccurate"]),
    "brushed": (["missed"], ["extra"]),
    "touching": (["matched"] * 3, ["matched"] * 3),
    "missed_and_extra": (["missed"], ["extra"]),
    "nothing_predicted": (["missed"] * 2, []),
    "nothing_there": ([], ["extra"] * 2),
    "nothing_at_all": ([], []),
    "huge_ids": (["matched"] * 3, ["matched"] * 3),
}
DUAL = {"missed": "extra", "extra": "missed", "split": "merge", "merge": "split"}
thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.6, 0.75, 0.9])
seeds = st.integers(0, 2**32 - 1)


def names(kinds):
    return [KINDS[k] for k in kinds]


def kinds_of(gt, pred, threshold=0.5):
    return match(tabulate(gt, pred), threshold).kinds


def by_definition(gt, pred, threshold):
    """Follow the words of the definition, with sets of pixels and no table."""
    matching = match(tabulate(gt, pred), threshold)
    g_ids, p_ids = ([i for i in np.unique(a) if i] for a in (gt, pred))
    a = {("gt", i): set(np.flatnonzero(gt == i)) for i in g_ids}
    a |= {("pred", i): set(np.flatnonzero(pred == i)) for i in p_ids}

    def pieces(whole, others):
        found = []
        for o in others:
            shared = len(a[whole] & a[o])
            if 2 * shared >= len(a[o]) and 10 * shared >= len(a[whole]):
                found.append(o)
        return found if len(found) > 1 else []

    gts, preds = ([k for k in a if k[0] == side] for side in ("gt", "pred"))
    wholes = {w: pieces(w, preds) for w in gts} | {w: pieces(w, gts) for w in preds}
    wholes = {w: found for w, found in wholes.items() if found}
    groups = [{w, *found} for w, found in wholes.items()]
    for _ in groups:  # as often as there are groups: then nothing is left to join
        groups = [set().union(*(h for h in groups if h & g)) for g in groups]
    matched = {("gt", i) for i, _ in matching.pairs} | {("pred", i) for _, i in matching.pairs}

    def kind(o):
        if o in matched:
            return "matched"
        sides = {w[0] for g in groups if o in g for w in g if w in wholes}
        if sides:
            return {1: "split" if "gt" in sides else "merge", 2: "many-to-many"}[len(sides)]
        others = preds if o[0] == "gt" else gts
        if any(10 * len(a[o] & a[other]) >= len(a[o]) for other in others):
            return "inaccurate"
        return "missed" if o[0] == "gt" else "extra"

    return [kind(o) for o in gts], [kind(o) for o in preds]


def test_every_canonical_case_has_its_kinds():
    assert set(EXPECTED) == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_canonical_cases(case):
    c = CASES[case]()
    kinds = kinds_of(c.ground_truth, c.prediction)
    assert (names(kinds.gt), names(kinds.pred)) == EXPECTED[case]
    assert kinds.gt.dtype == kinds.pred.dtype == np.uint8


def test_a_half_and_a_tenth_are_met_exactly():
    gt, pred = np.zeros((2, 10), int), np.zeros((2, 10), int)
    gt[0] = 1
    pred[0, :1], pred[0, 9:], pred[1, 9:] = 1, 2, 2
    assert names(kinds_of(gt, pred).pred) == ["split", "split"]
    gt[1, 0] = 1  # eleven pixels: a piece of one is less than a tenth
    assert names(kinds_of(gt, pred).pred) == ["inaccurate", "inaccurate"]


def test_names_are_those_of_the_field():
    assert [KINDS[k] for k in (Kind.MATCHED, Kind.MANY_TO_MANY, Kind.IGNORED)] == [
        *("matched", "many-to-many", "ignored")
    ]


@settings(deadline=None, max_examples=150)
@given(seeds, thresholds, st.integers(2, 12))
def test_they_are_what_the_definition_says(seed, threshold, n):
    gt, pred = crowded(np.random.default_rng(seed), (12, 12), n)
    kinds = kinds_of(gt, pred, threshold)
    assert (names(kinds.gt), names(kinds.pred)) == by_definition(gt, pred, threshold)


@settings(deadline=None, max_examples=40)
@given(seeds, thresholds)
def test_their_counts_add_up_to_the_objects_there_are(seed, threshold):
    gt, pred = crowded(np.random.default_rng(seed), (25, 25), 20)
    matching = match(tabulate(gt, pred), threshold)
    counts = matching.kinds.counts()
    assert counts.sum() == len(np.unique(gt[gt > 0])) + len(np.unique(pred[pred > 0]))
    assert counts[Kind.MATCHED] == 2 * matching.tp
    assert (matching.kinds.gt != Kind.MATCHED).sum() == len(matching.missed)
    assert (matching.kinds.pred != Kind.MATCHED).sum() == len(matching.extra)


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from([0.55, 0.7, 0.9]))
def test_swapping_the_sides_swaps_split_with_merge_and_missed_with_extra(seed, threshold):
    gt, pred = crowded(np.random.default_rng(seed), (20, 20), 12)
    there, back = kinds_of(gt, pred, threshold), kinds_of(pred, gt, threshold)
    assert [DUAL.get(k, k) for k in names(there.gt)] == names(back.pred)
    assert [DUAL.get(k, k) for k in names(there.pred)] == names(back.gt)


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from([0.55, 0.7, 0.9]))
def test_ids_do_not_matter(seed, threshold):
    rng = np.random.default_rng(seed)
    gt, pred = crowded(rng, (20, 20), 12)
    ids = np.r_[0, rng.permutation(40) + 1]
    plain, renamed = tabulate(gt, pred), tabulate(ids[gt], ids[::-1][pred] * (pred > 0))
    for side, new in (("gt_objects", ids), ("pred_objects", ids[::-1])):
        before, after = getattr(plain, side), getattr(renamed, side)
        role = side.split("_")[0]
        kinds = dict(
            zip(new[before.ids], getattr(match(plain, threshold).kinds, role), strict=True)
        )
        assert kinds == dict(
            zip(after.ids, getattr(match(renamed, threshold).kinds, role), strict=True)
        )


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_a_stricter_threshold_never_has_fewer_errors_of_a_kind(seed):
    gt, pred = crowded(np.random.default_rng(seed), (20, 20), 12)
    counts = [kinds_of(gt, pred, t).counts()[1:] for t in (0.51, 0.6, 0.7, 0.8, 0.9, 1.0)]
    assert (np.diff(counts, axis=0) >= 0).all()
