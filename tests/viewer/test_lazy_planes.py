"""What napari reads of a lazy layer answers at once, and asks for what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from builders import OnlySlices, Unreadable
from napari_verdict.viewer import lazy_planes
from napari_verdict.viewer.lazy_planes import LazyPlanes


def asked_by(planes):
    seen = []
    planes.asked.connect(lambda data: seen.append(data.wanted))
    return seen


def test_what_is_missing_is_nothing_in_its_shape_and_is_asked_for():
    planes = LazyPlanes(Unreadable((4, 6, 5)))
    seen = asked_by(planes)
    part = planes[2, :, 1:4]
    assert part.shape == (6, 3)
    assert part.dtype == np.float32
    assert np.isnan(part).all()
    assert seen == [(2, (0, 6, 1), (1, 4, 1))]


def test_of_labels_nothing_is_background():
    assert not LazyPlanes(Unreadable((4, 6, 5), np.uint8))[0].any()


def test_what_was_computed_is_remembered_however_it_is_named(rng):
    array = rng.random((4, 6, 5))
    source = OnlySlices(array)
    planes = LazyPlanes(source)
    seen = asked_by(planes)
    planes[-1, ...]
    planes.keep(planes.wanted, planes.compute(planes.wanted))
    read = source.read
    for key in (-1, 3, np.int64(3), (3,), (3, ...), (3, slice(None), slice(0, 99))):
        np.testing.assert_array_equal(planes[key], array[3])
    assert (len(seen), source.read, planes.wanted) == (1, read, None)


def test_the_newest_is_wanted_and_only_so_much_is_remembered(rng, monkeypatch):
    array = rng.random((5, 6, 5))
    monkeypatch.setattr(lazy_planes, "REMEMBERED_BYTES", 2 * array[0].nbytes)
    planes = LazyPlanes(array)
    for z in (0, 1, 2):
        planes[z, :]
        planes.keep(planes.wanted, planes.compute(planes.wanted))
    seen = asked_by(planes)
    for z in (1, 2, 0, 4):
        planes[z, :]
    assert [part[0] for part in seen] == [0, 4]
    assert planes.wanted[0] == 4


def test_a_plane_larger_than_all_that_is_remembered_is_shown_all_the_same(rng, monkeypatch):
    monkeypatch.setattr(lazy_planes, "REMEMBERED_BYTES", 1)
    planes = LazyPlanes(rng.random((2, 6, 5)))
    planes[1, :]
    planes.keep(planes.wanted, planes.compute(planes.wanted))
    assert np.isfinite(planes[1]).all()


def test_a_bare_index_is_answered_and_asks_for_nothing():
    planes = LazyPlanes(Unreadable((4, 6, 5), np.uint8))
    seen = asked_by(planes)
    assert planes[0].dtype == np.uint8
    assert not seen


def test_a_whole_volume_too_large_to_be_looked_at_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(lazy_planes, "LARGEST_PART", 100)
    planes = LazyPlanes(Unreadable((4, 6, 5)))
    seen = asked_by(planes)
    assert planes[:, :, :].shape == (4, 6, 5)
    assert not seen


@pytest.mark.parametrize("key", [(slice(None, None, 2), 1), (0, slice(1, 5, 3))])
def test_steps_are_kept(rng, key):
    array = rng.random((4, 6, 5))
    planes = LazyPlanes(array)
    shape = planes[key].shape
    np.testing.assert_array_equal(planes.compute(planes.wanted), array[key])
    assert shape == array[key].shape


def test_saving_the_layer_computes_all(rng):
    array = rng.random((4, 6, 5))
    np.testing.assert_array_equal(np.asarray(LazyPlanes(array)), array)
