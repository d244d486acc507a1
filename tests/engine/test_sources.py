from __future__ import annotations

import numpy as np
import pytest

from builders import OnlySlices
from napari_verdict.engine.sources import Source, canonical_view


@pytest.mark.parametrize("axes", ["tzyx", "zyxt", "yxcz", "xyzt", "ctyx"])
def test_any_order_of_axes_is_read_as_frame_z_y_x(axes: str) -> None:
    shape = dict(zip("tczyx", (2, 3, 4, 5, 6), strict=True))
    array = np.random.default_rng(0).integers(0, 99, tuple(shape[a] for a in axes))
    source = Source(array, axes)
    frames = [a for a in axes if a in "tc"]
    order = [axes.index(a) for a in [*frames, *(a for a in "zyx" if a in axes)]]
    expected = array.transpose(order)
    for frame in source.frames:
        whole = expected[frame] if "z" in axes else expected[frame][None]
        assert source.shape == whole.shape
        block = source.read(frame, slice(0, 2), slice(1, 4))
        assert np.array_equal(block, whole[0:2, 1:4])


def test_two_dimensions_have_one_empty_frame_and_one_plane() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    source = Source(array, "yx")
    assert source.frames == ((),)
    assert source.shape == (1, 3, 4)
    assert source.dtype == np.uint8
    assert np.shares_memory(source.read((), slice(0, 1), slice(0, 3)), array)


def test_only_what_is_asked_for_is_read() -> None:
    lazy = OnlySlices(np.zeros((5, 6, 7, 8)))
    Source(lazy, "tzyx").read((2,), slice(1, 3), slice(0, 4))
    assert lazy.read == 2 * 4 * 8


def test_dask_gives_the_pixels_numpy_gives() -> None:
    da = pytest.importorskip("dask.array")
    array = np.random.default_rng(0).random((3, 8, 9))
    lazy = Source(da.from_array(array, chunks=(1, 4, 4)), "zyx")
    block = lazy.read((), slice(1, 3), slice(2, 7))
    assert isinstance(block, np.ndarray)
    assert np.array_equal(block, array[1:3, 2:7])


@pytest.mark.parametrize("axes", ["yyx", "zy", "qyx", "yx", "zyxt"])
def test_axes_that_do_not_fit_are_refused(axes: str) -> None:
    with pytest.raises(ValueError, match="axes"):
        Source(np.zeros((2, 3, 4)), axes)


def test_writing_to_the_canonical_view_writes_to_the_array() -> None:
    array = np.zeros((4, 5, 3))
    view = canonical_view(array, "yxc")
    assert view.shape == (3, 1, 4, 5)
    view[2, 0, 1] = 7
    assert np.array_equal(array[1, :, 2], np.full(5, 7))
    assert array.sum() == 35
