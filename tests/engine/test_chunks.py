from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.engine.chunks import ChunkReader, Remembered, edges_of

da = pytest.importorskip("dask.array")

SHAPE = (5, 7, 9)


class Chunked:
    """An array in chunks that notes what is decoded."""

    def __init__(self, data: np.ndarray, chunks: tuple[int, ...]) -> None:
        self.data, self.chunks, self.shape, self.dtype = data, chunks, data.shape, data.dtype
        self.decoded: list[Any] = []

    def __getitem__(self, key: Any) -> np.ndarray:
        self.decoded.append(tuple((k.start, k.stop) for k in key))
        return self.data[key]


def reader(data: Any) -> ChunkReader:
    edges = edges_of(data)
    assert edges is not None
    return ChunkReader(data, edges)


KEY = st.tuples(
    *(
        st.integers(0, n - 1)
        | st.tuples(st.integers(0, n), st.integers(0, n)).map(lambda p: slice(min(p), max(p)))
        for n in SHAPE
    )
)


@settings(deadline=None, max_examples=80)
@given(KEY, st.tuples(*(st.integers(1, n + 1) for n in SHAPE)))
def test_any_part_is_that_of_the_array(key: Any, chunks: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).random(SHAPE)
    np.testing.assert_array_equal(reader(Chunked(array, chunks))[key], array[key])


def test_chunks_of_dask_may_differ_in_size() -> None:
    array = np.random.default_rng(0).random(SHAPE)
    lazy = da.from_array(array, chunks=((2, 3), (1, 6), (9,)))
    part = reader(lazy)[slice(1, 4), slice(0, 7), 3]
    np.testing.assert_array_equal(part, array[1:4, :, 3])


def test_no_chunk_is_decoded_twice_while_it_is_remembered() -> None:
    lazy = Chunked(np.zeros(SHAPE), (2, 3, 9))
    read = reader(lazy)
    for z in range(5):
        for y in range(7):
            read[slice(z, z + 1), slice(max(0, y - 1), y + 1), slice(0, 9)]
    assert len(lazy.decoded) == len(set(lazy.decoded)) == 3 * 3


def test_what_is_decoded_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        reader(Chunked(np.zeros(SHAPE), SHAPE))[slice(0, 5), slice(0, 7), slice(0, 9)][0] = 1


def test_arrays_in_memory_or_without_chunks_have_no_edges() -> None:
    assert edges_of(np.zeros((3, 3))) is None
    unknown = da.from_array(np.arange(9), 3)
    assert edges_of(unknown[unknown > 4]) is None


def test_the_ones_used_last_are_remembered() -> None:
    remembered, made = Remembered(3 * 8), []

    def get(key: int) -> None:
        remembered.get(key, lambda: made.append(key) or np.zeros(1))

    for key in (1, 2, 3, 1, 4, 1, 3, 2):
        get(key)
    assert made == [1, 2, 3, 4, 2]
    assert 4 not in remembered


def test_what_is_larger_than_all_there_is_room_for_is_made_all_the_same() -> None:
    remembered = Remembered(8)
    assert remembered.get("large", lambda: np.ones(5)).sum() == 5
    assert "large" not in remembered


def test_what_two_threads_ask_for_at_once_is_made_once() -> None:
    remembered, made = Remembered(1 << 20), []

    def make() -> np.ndarray:
        made.append(threading.current_thread())
        time.sleep(0.05)
        return np.ones(3)

    threads = [threading.Thread(target=remembered.get, args=("a", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_failed_once_is_tried_again() -> None:
    remembered = Remembered(1 << 20)

    def broken() -> np.ndarray:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        remembered.get("a", broken)
    assert remembered.get("a", lambda: np.ones(2)).sum() == 2
