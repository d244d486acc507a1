"""Descriptions are small, and open to the same pixels elsewhere."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_verdict.engine.descriptions import MappedFile, TiffPages, ZarrArray, describe, opened
from napari_verdict.engine.sources import Source


@pytest.fixture
def array(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 999, (4, 20, 30)).astype(np.uint16)


def same_elsewhere(data: Any, expected: np.ndarray, axes: str = "zyx") -> Any:
    """Send a source through pickle, read it, and return its description."""
    sent = pickle.dumps(Source(data, axes))
    assert len(sent) < 1000
    there = pickle.loads(sent)
    here = Source(np.array(expected), axes)
    for z in range(here.shape[0]):
        at = (), slice(z, z + 1), slice(2, 15)
        np.testing.assert_array_equal(there.read(*at), here.read(*at))
    return there.data


@pytest.mark.parametrize("path", ["", "scale/0"])
def test_a_zarr_array_is_its_store_and_path(tmp_path: Any, array: np.ndarray, path: str) -> None:
    zarr = pytest.importorskip("zarr")
    store = tmp_path / "a.zarr"
    root = zarr.open_group(store, mode="w") if path else None
    chunks = (2, 8, 30)
    if root is not None:
        lazy = root.create_array(path, shape=array.shape, chunks=chunks, dtype=array.dtype)
    else:
        lazy = zarr.create_array(store, shape=array.shape, chunks=chunks, dtype=array.dtype)
    lazy[...] = array
    found = same_elsewhere(lazy, array)
    assert found == ZarrArray(str(store), path, array.shape, array.dtype)
    assert Source(lazy, "zyx").grain == (2, 8)


def test_a_zarr_array_in_memory_stays_what_it_is(array: np.ndarray) -> None:
    zarr = pytest.importorskip("zarr")
    lazy = zarr.create_array(zarr.storage.MemoryStore(), data=array)
    assert describe(lazy) is opened(lazy) is lazy
    part = Source(lazy, "zyx").read((), slice(0, 4), slice(0, 20))
    np.testing.assert_array_equal(part, array)


def views_of(mapped: Any) -> dict[str, Any]:
    return {
        "whole": mapped,
        "later planes": mapped[1:],
        "as an ndarray": np.asarray(mapped)[2:],
        "transposed": mapped.T,
    }


@pytest.mark.parametrize("which", ["whole", "later planes", "as an ndarray", "transposed"])
def test_a_mapped_file_is_its_name_and_place(tmp_path: Any, array: np.ndarray, which: str) -> None:
    np.save(tmp_path / "a.npy", array)
    mapped = views_of(np.load(tmp_path / "a.npy", mmap_mode="r"))[which]
    expected = views_of(array)[which]
    found = same_elsewhere(mapped, expected, "xyz" if which == "transposed" else "zyx")
    assert isinstance(found, MappedFile)


def test_what_is_mapped_with_gaps_or_as_a_private_copy_stays_what_it_is(
    tmp_path: Any, array: np.ndarray
) -> None:
    np.save(tmp_path / "a.npy", array)
    for data in (
        np.load(tmp_path / "a.npy", mmap_mode="r")[:, ::2],
        np.load(tmp_path / "a.npy", mmap_mode="c"),
        array,
    ):
        assert describe(data) is data


def test_pages_of_a_compressed_tiff_are_its_name_and_series(
    tmp_path: Any, array: np.ndarray
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", compression="zlib")
    pages = TiffPages(str(tmp_path / "a.tif"), 0, array.shape, array.dtype, array.shape[1:])
    same_elsewhere(pages, array)
    np.testing.assert_array_equal(pages, array)
    np.testing.assert_array_equal(pages[1:3, 4, ::2], array[1:3, 4, ::2])
