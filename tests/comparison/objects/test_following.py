"""A result follows labels wherever they changed, and equals one computed anew."""

from __future__ import annotations

import numpy as np
import pytest
from dask import array
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import compare, crowded
from napari_verdict.comparison import checksums
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.objects import following
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken

TOKEN = CancelToken()


def pair(shape=(3, 14, 17), seed=3):
    return crowded(np.random.default_rng(seed), shape, 12)


def rows(result):
    return str([(s.metric, s.axis_index, s.n, s.value) for s in result.rows])


def scored(original, labels):
    return complete(following.scored(original, "copy", labels, TOKEN))


@pytest.mark.parametrize("axes", ["zyx", "tyx", "ytx"])
@pytest.mark.parametrize("lazy", [False, True])
def test_labels_changed_anywhere_are_scored_as_anew(monkeypatch, axes, lazy):
    monkeypatch.setattr(checksums, "_HASH_BYTES", 500)  # many pieces
    gt, pred = pair()
    truth = array.from_array(gt, chunks=5) if lazy else gt.copy()
    original = compare({"a": pred}, truth, axes)
    labels = gt.copy()
    labels[1:, 2:7, 3:9] = 40
    labels[0, 13, 16] = 41
    followed = scored(original, labels)
    anew = compare({"a": pred}, labels.copy(), axes)
    assert rows(followed.result) == rows(anew)
    assert followed.result.objects.equals(anew.objects)
    changed = gt.copy()
    changed.reshape(-1)[followed.at] = followed.values
    assert (changed == labels).all()
    assert (followed.at == np.flatnonzero(gt != labels)).all()
    assert not np.shares_memory(followed.shadow, labels)
    assert (followed.shadow == labels).all()


def test_labels_that_did_not_change_have_the_scores_they_had():
    gt, pred = pair()
    original = compare({"a": pred}, gt, "zyx")
    followed = scored(original, gt.copy())
    assert rows(followed.result) == rows(original)
    assert len(followed.at) == 0


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["zyx", "tyx", "yxt"]))
def test_parts_that_changed_are_scored_as_anew_though_they_overlap(seed, axes):
    rng = np.random.default_rng(seed)
    gt, pred = pair(seed=seed)
    labels = gt.copy()
    result = scored(compare({"a": pred}, gt, axes), labels).result
    for _ in range(3):
        before, parts = labels.copy(), []
        for _ in range(rng.integers(1, 4)):
            low = [rng.integers(0, n) for n in labels.shape]
            high = [rng.integers(a, n) + 1 for a, n in zip(low, labels.shape, strict=True)]
            parts.append(tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
            labels[parts[-1]] = rng.choice([0, 1, 50])
        followed = following.rescored(result, labels, parts)
        result = followed.result
        assert rows(result) == rows(compare({"a": pred}, labels.copy(), axes))
        before.reshape(-1)[followed.at] = followed.values
        assert (before == labels).all()
        assert (followed.shadow == labels).all()


def test_copies_are_equal_and_can_be_stopped(monkeypatch):
    monkeypatch.setattr(checksums, "_HASH_BYTES", 500)
    gt = pair()[0]
    for data in (gt, array.from_array(gt, chunks=4), np.asfortranarray(gt)):
        truth = Input("gt", data, "zyx")
        steps = list(following.copied(truth, TOKEN))
        assert [s.done for s in steps] == sorted(s.done for s in steps)
        assert steps[-1].done == steps[-1].total
        assert (complete(following.copied(truth, TOKEN)) == gt).all()
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        complete(following.copied(truth, stopped))


def test_arrays_are_equal_by_what_they_hold(monkeypatch):
    monkeypatch.setattr(checksums, "_SAMPLED", 2)
    gt = pair()[0]
    other = gt.copy()
    other[1, 5, 5] += 1  # in no row of the sample
    lazy = array.from_array(gt, chunks=4)
    assert following.are_equal(gt, gt.copy(), TOKEN)
    assert following.are_equal(lazy, gt, TOKEN)
    assert following.are_equal(lazy, lazy + 0 - 0, TOKEN)
    for a, b in ((gt, other), (lazy, other), (gt, gt[1:]), (gt, gt.astype(np.int64))):
        assert not following.are_equal(a, b, TOKEN)
        assert not following.are_equal(b, a, TOKEN)
