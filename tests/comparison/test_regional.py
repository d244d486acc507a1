"""Entries in a region are those that its scores count."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict import compare_images, compare_labels, compare_points
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.regional import entries_within
from napari_verdict.comparison.restoration.places import worst_places

TRIANGLE = np.array([(-0.5, -0.5), (-0.5, 90.0), (90.0, -0.5)])


def squares(rng, shape):
    """Squares of 6 px in cells of 12, some left out, each a little off its place."""
    labels = np.zeros(shape, np.uint16)
    for plane in labels.reshape(-1, *shape[-2:]):
        for n, (i, j) in enumerate(np.ndindex(shape[-2] // 12, shape[-1] // 12), start=1):
            y, x = 12 * i + rng.integers(6), 12 * j + rng.integers(6)
            if rng.random() < 0.7:
                plane[y : y + 6, x : x + 6] = n
    return labels


def counts(entries, keep):
    wrong = keep & (entries.kind != entries.kinds.index("matched"))
    return {"fn": int((wrong & (entries.role == 0)).sum()),
            "fp": int((wrong & (entries.role == 1)).sum())}  # fmt: skip


@pytest.mark.parametrize("region", [TRIANGLE, "mask"])
def test_objects_missed_and_extra_are_those_that_its_scores_count(rng, region):
    gt, pred = squares(rng, (3, 96, 96)), squares(rng, (3, 96, 96))
    if isinstance(region, str):
        region = rng.random((3, 96, 96)) > 0.5
    result = compare_labels({"p": pred}, gt, axes="tyx", region={"part": region})
    entries = entries_of(result, "p")
    keep = entries_within(result.comparison, "part", entries)
    listed = counts(entries, keep)
    assert listed == {m: result.score(m, "p", region="part").value for m in listed}
    assert 0 < keep.sum() < len(entries)


def test_points_too(rng):
    gt, pred = rng.random((60, 3)) * (3, 96, 96), rng.random((60, 3)) * (3, 96, 96)
    gt[:, 0], pred[:, 0] = np.floor(gt[:, 0]), np.floor(pred[:, 0])
    part = {"part": TRIANGLE}
    result = compare_points({"p": pred}, gt, radius=8, axes="tyx", region=part)
    entries = entries_of(result, "p")
    listed = counts(entries, entries_within(result.comparison, "part", entries))
    assert listed == {m: result.score(m, "p", region="part").value for m in listed}


def test_places_of_restorations_by_their_middle(rng):
    gt = rng.random((96, 96))
    prediction = gt.copy()
    prediction[10:20, 10:20] += 3
    prediction[70:80, 70:80] += 3
    result = compare_images({"p": prediction}, gt, region={"corner": TRIANGLE * 0.5})
    entries = worst_places(result, "p")
    keep = entries_within(result.comparison, "corner", entries)
    middles = entries.centroid[keep][:, 1:]
    assert len(middles)
    assert (middles.sum(axis=1) < 45).all()
    assert (entries.centroid[~keep][:, 1:].sum(axis=1) > 44).all()


def test_without_a_name_all_and_with_an_unknown_one_none(rng):
    gt = squares(rng, (64, 64))
    result = compare_labels({"p": gt}, gt)
    entries = entries_of(result, "p")
    assert entries_within(result.comparison, "", entries).all()
    assert not entries_within(result.comparison, "elsewhere", entries).any()
