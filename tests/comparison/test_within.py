"""Which entries belong to a region: those that its scores count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict import compare_images, compare_labels, compare_points
from napari_verdict.comparison.entries import ROLES
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.restoration.places import worst_places
from napari_verdict.comparison.within import entries_within
from napari_verdict.engine.cancel import Cancelled, CancelToken


def counts(result, entries, region):
    """Count the listed objects of a region as its scores do: n_gt, n_pred, tp, fp, fn."""
    held = entries_within(result, entries, region, CancelToken())
    kind = np.array(entries.kinds)[entries.kind]
    held &= kind != "ignored"
    truth = held & (entries.role == ROLES.index("ground truth"))
    found = held & (entries.role == ROLES.index("prediction"))
    matched = kind == "matched"
    return [int(m.sum()) for m in (truth, found, truth & matched, found & ~matched,
                                   truth & ~matched)]  # fmt: skip


def scores(result, region):
    metrics = ("n_gt", "n_pred", "tp", "fp", "fn")
    return [int(result.score(m, "prediction", region=region.name).value) for m in metrics]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["yx", "tyx", "zyx"]))
def test_objects_listed_in_a_region_are_those_its_scores_count(seed, axes):
    rng = np.random.default_rng(seed)
    shape = (3, 24, 30)[-len(axes) :]
    truth, found = (
        np.repeat(np.repeat(rng.integers(0, 9, (*shape[:-2], 6, 6)), 4, -2), 5, -1)
        for _ in range(2)
    )
    region = rng.integers(1, 3, shape[-2:])
    result = compare_labels(
        found, truth, axes=axes, region=region, ignore=rng.random(shape) < 0.2, iou_threshold=0.3
    )
    entries = entries_of(result, "prediction")
    for one in result.comparison.regions:
        assert counts(result, entries, one) == scores(result, one)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_points_listed_in_a_region_are_those_its_scores_count(seed):
    rng = np.random.default_rng(seed)
    truth, found = (rng.random((n, 2)) * 20 for n in rng.integers(1, 40, 2))
    region, ignore = rng.integers(1, 3, (20, 20)), rng.random((20, 20)) < 0.2
    result = compare_points(found, truth, radius=2, region=region, ignore=ignore)
    entries = entries_of(result, "prediction")
    for one in result.comparison.regions:
        assert counts(result, entries, one) == scores(result, one)


def test_a_place_belongs_to_where_its_middle_is(rng):
    truth = rng.random((64, 96)) * 100
    left = np.zeros((64, 96), bool)
    left[:, :40] = True
    shown = truth + rng.normal(0, 5, truth.shape)
    result = compare_images(shown, truth, region={"left": left})
    places = worst_places(result, "prediction")
    held = entries_within(result, places, result.comparison.regions[0], CancelToken())
    assert held.tolist() == (np.floor(places.centroid[:, 2] + 0.5) < 40).tolist()
    assert 0 < held.sum() < len(held)


def test_it_stops_when_it_is_cancelled():
    labels = np.ones((2, 8, 8), int)
    result = compare_labels(labels, labels, axes="tyx", region=np.ones((8, 8), int))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        entries_within(
            result, entries_of(result, "prediction"), result.comparison.regions[0], token
        )
