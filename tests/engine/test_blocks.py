from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.engine.blocks import BLOCK_PIXELS, blocks_of, deep_blocks_of, grain_of


@settings(deadline=None, max_examples=60)
@given(st.tuples(st.integers(1, 6), st.integers(1, 40), st.integers(1, 40)), st.integers(1, 3000))
def test_blocks_cover_every_row_once_in_reading_order(
    shape: tuple[int, int, int], pixels: int
) -> None:
    rows = [
        (z, y)
        for block in blocks_of((2,), shape, pixels)
        for z in range(block.z0, block.z1)
        for y in range(block.y0, block.y1)
    ]
    assert rows == [(z, y) for z in range(shape[0]) for y in range(shape[1])]


@settings(deadline=None, max_examples=60)
@given(st.tuples(st.integers(1, 6), st.integers(1, 40), st.integers(1, 40)), st.integers(1, 3000))
def test_a_block_is_no_larger_than_asked_for_but_has_a_row(
    shape: tuple[int, int, int], pixels: int
) -> None:
    for block in blocks_of((), shape, pixels):
        size = (block.z1 - block.z0) * (block.y1 - block.y0) * shape[2]
        assert size <= max(pixels, shape[2])


def test_whole_planes_are_brought_together_and_large_ones_cut() -> None:
    small = list(blocks_of((0, 1), (10, 4, 5), pixels=60))
    assert [(b.z0, b.z1) for b in small] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert all(b.frame == (0, 1) and (b.y0, b.y1) == (0, 4) for b in small)
    large = list(blocks_of((), (1, 2048, 2048)))
    assert len(large) == 2048 * 2048 // BLOCK_PIXELS


def test_a_block_slices_an_array() -> None:
    array = np.arange(60).reshape(3, 4, 5)
    parts = [array[b.z, b.y] for b in blocks_of((), array.shape, pixels=10)]
    assert np.array_equal(np.concatenate([p.ravel() for p in parts]), array.ravel())


SIZES = st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(1, 12))


@settings(deadline=None, max_examples=100)
@given(SIZES, st.integers(1, 600), st.tuples(st.integers(1, 10), st.integers(1, 33)))
def test_with_a_grain_every_row_comes_once_and_those_of_a_plane_in_order(
    shape: tuple[int, int, int], pixels: int, grain: tuple[int, int]
) -> None:
    blocks = list(blocks_of((), shape, pixels, grain=grain, planes=3))
    rows = [(z, y) for b in blocks for z in range(b.z0, b.z1) for y in range(b.y0, b.y1)]
    assert sorted(rows) == [(z, y) for z in range(shape[0]) for y in range(shape[1])]
    for k in range(shape[0]):
        of_plane = [y for z, y in rows if z == k]
        assert of_plane == sorted(of_plane)
    assert all(b.z1 - b.z0 <= 3 for b in blocks)
    if max(grain) > 1:
        # no block straddles chunks, and a band of chunks is done with before the next
        chunks = [(b.z0 // grain[0], b.y0 // grain[1]) for b in blocks]
        assert chunks == sorted(chunks)
        assert all((b.z1 - 1) // grain[0] == b.z0 // grain[0] for b in blocks)
        assert all((b.y1 - 1) // grain[1] == b.y0 // grain[1] for b in blocks)


def test_the_coarsest_grain_suits_all() -> None:
    assert grain_of([(1, 1), (16, 64), (4, 256)]) == (16, 256)
    assert grain_of([]) == (1, 1)


def test_deep_blocks_cover_every_row_of_every_plane_once_and_in_order():
    blocks = list(deep_blocks_of((1,), (7, 10, 5), planes=3, rows=4))
    rows = [(z, y) for b in blocks for z in range(b.z0, b.z1) for y in range(b.y0, b.y1)]
    assert sorted(rows) == [(z, y) for z in range(7) for y in range(10)]
    assert len(rows) == 70
    assert all(b.frame == (1,) for b in blocks)
    of_plane = [y for z, y in rows if z == 4]
    assert of_plane == sorted(of_plane)
