"""Checksums depend on the pixels alone, and are read piece by piece."""

from __future__ import annotations

import hashlib
from typing import Any

import dask.array as da
import numpy as np
import pytest

from napari_verdict.comparison import checksums
from napari_verdict.comparison.checksums import checksum, sample
from napari_verdict.engine.cancel import Cancelled, CancelToken


def test_the_fingerprint_does_not_depend_on_layout_laziness_or_byte_order(monkeypatch):
    monkeypatch.setattr(checksums, "_HASH_BYTES", 100)  # many pieces
    a = np.arange(4 * 6 * 10, dtype=np.int32).reshape(4, 6, 10)
    want = hashlib.sha256(a.tobytes()).hexdigest()
    for same in (
        a,
        np.asfortranarray(a),
        a.astype(">i4"),
        da.from_array(a, chunks=3),
        np.repeat(a, 2, axis=1)[:, ::2],
    ):
        assert checksum(same) == want


def test_the_fingerprint_sees_one_changed_pixel():
    a = np.zeros((5, 5), np.uint8)
    b = a.copy()
    b[4, 4] = 1
    assert checksum(a) != checksum(b)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (3, 0)])
def test_images_without_or_with_one_pixel_have_a_fingerprint(shape):
    assert checksum(np.zeros(shape)) == hashlib.sha256(np.zeros(shape).tobytes()).hexdigest()


class Chunked:
    """An array in chunks that notes what is read of it."""

    def __init__(self, data: np.ndarray, chunks: tuple[int, ...]) -> None:
        self.data, self.shape, self.dtype, self.chunks = data, data.shape, data.dtype, chunks
        self.read: list[Any] = []

    def __getitem__(self, key: Any) -> np.ndarray:
        self.read.append(key)
        return self.data[key]


@pytest.mark.parametrize("most", [1, 50, 400, 3000, 1 << 20])
@pytest.mark.parametrize("slab", [1, 500, 1 << 20])
def test_the_checksum_is_the_same_in_pieces_of_any_size(rng, monkeypatch, most, slab):
    monkeypatch.setattr("napari_verdict.comparison.checksums._HASH_BYTES", most)
    monkeypatch.setattr("napari_verdict.comparison.checksums._SLAB_BYTES", slab)
    array = rng.integers(0, 9, (3, 7, 6, 5)).astype(np.uint16)
    want = hashlib.sha256(array.tobytes()).hexdigest()
    for data in (array, Chunked(array, (1, 3, 4, 4)), da.from_array(array, (2, 3, 6, 5))):
        assert checksum(data) == want


def test_of_chunks_a_slab_is_read_at_a_time_for_the_checksum(rng, monkeypatch):
    monkeypatch.setattr("napari_verdict.comparison.checksums._HASH_BYTES", 100)
    lazy = Chunked(rng.random((2, 8, 6, 5)), (1, 4, 3, 5))
    checksum(lazy)
    assert lazy.read == [(t, slice(z, z + 4)) for t in (0, 1) for z in (0, 4)]


def test_reading_for_the_checksum_is_cancelled(rng):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        checksum(rng.random((3, 3)), token)


def test_a_sample_tells_arrays_apart_at_once_and_is_no_checksum(rng):
    a = rng.integers(0, 9, (40, 30, 20)).astype(np.uint16)
    b = a.copy()
    b[20] += 1
    assert sample(a) == sample(np.asfortranarray(a.copy())) != sample(b)
    assert sample(a).startswith("sample ")
    for shape in ((0, 3), (3, 0), (5,), (1, 1)):
        assert sample(np.zeros(shape)) == sample(np.zeros(shape))


def test_a_sample_of_what_is_not_in_memory_reads_nothing():
    lazy = da.from_array(np.zeros((40, 30), np.uint16), chunks=10)
    assert sample(lazy) == f"place {lazy.name}"
    assert sample(Chunked(np.zeros((4, 4)), (2, 2))).startswith("place ")
