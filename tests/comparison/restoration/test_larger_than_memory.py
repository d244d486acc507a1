"""Images that are not in memory: the same numbers, read once a pass, maps when looked at."""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_verdict.comparison.regions import rectangle
from napari_verdict.comparison.restoration import images
from napari_verdict.comparison.restoration.lazy_maps import LazyMap
from napari_verdict.comparison.restoration.pixels import Pixels
from napari_verdict.comparison.restoration.units import units_of
from restored import blobs, compare, images_comparison, noisy, values

da = pytest.importorskip("dask.array")
zarr = pytest.importorskip("zarr")

MAPS = ("ssim", "rse", "difference", "gain")


def volumes(rng, dtype=np.float32):
    """Ground truth, prediction and raw of a volume with chunks cut at the far sides."""
    g = blobs(rng, (11, 50, 44))
    both = (noisy(rng, g, sigma) for sigma in (20, 80))
    return [np.rint(a).clip(0).astype(dtype) if dtype != np.float64 else a for a in (g, *both)]


def in_zarr(folder, arrays, chunks):
    made = []
    for k, a in enumerate(arrays):
        made.append(
            zarr.create_array(folder / f"{k}.zarr", shape=a.shape, chunks=chunks, dtype=a.dtype)
        )
        made[-1][...] = a
    return made


def mapped(folder, arrays):
    for k, a in enumerate(arrays):
        np.save(folder / f"{k}.npy", a)
    return [np.load(folder / f"{k}.npy", mmap_mode="r") for k in range(len(arrays))]


def run(arrays, axes="zyx", **options):
    g, p, raw = arrays
    return compare(p, g, raw, axes=axes, **options)


# ---- the same numbers


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("convention", ["laine2021", "raw-units"])
def test_numpy_dask_zarr_and_mapped_files_give_the_same_bits(rng, tmp_path, dtype, convention):
    arrays = volumes(rng, dtype)
    expected = run(arrays, convention=convention)
    dask = [da.from_array(a, chunks=(3, 17, 44)) for a in arrays]
    chunked = in_zarr(tmp_path, arrays, (4, 16, 16))
    for lazy in (dask, chunked, mapped(tmp_path, arrays)):
        for pixels, threads in ((1 << 19, 1), (1500, 2)):
            result = run(lazy, convention=convention, pixels=pixels, threads=threads)
            assert values(result) == values(expected)


@pytest.mark.parametrize("ssim_3d", [False, True])
def test_lazy_maps_hold_what_stored_ones_do(rng, tmp_path, ssim_3d):
    arrays = volumes(rng)
    arrays[1][3, 5:9, 7] = np.nan
    stored = run(arrays, ssim_3d=ssim_3d)
    lazy = run(in_zarr(tmp_path, arrays, (4, 16, 16)), ssim_3d=ssim_3d, pixels=700)
    assert values(lazy) == values(stored)
    for candidate in ("raw", "prediction"):
        assert list(lazy.maps[candidate]) == list(stored.maps[candidate])
        for name, expected in stored.maps[candidate].items():
            found = lazy.maps[candidate][name]
            assert isinstance(found, LazyMap)
            assert (found.shape, found.dtype, found.ndim) == (expected.shape, np.float32, 3)
            np.testing.assert_allclose(found, expected, atol=1e-6)


KEY = st.tuples(
    *(
        st.integers(-n, n - 1)
        | st.builds(slice, *[st.none() | st.integers(-n - 2, n + 2)] * 2, st.none() | st.just(3))
        for n in (2, 3, 21, 18)
    )
)


@settings(deadline=None, max_examples=60)
@given(KEY | KEY.map(lambda k: k[:2]) | KEY.map(lambda k: (..., k[-1])) | st.just(...))
@pytest.mark.parametrize("axes", ["tzyx", "yxcz"])
def test_any_part_of_a_lazy_map_is_the_part_of_the_whole(axes, key):
    rng = np.random.default_rng(3)
    g = rng.random((2, 3, 21, 18))
    p = g + rng.normal(0, 0.1, g.shape)
    if axes == "yxcz":
        g, p = (a.transpose(2, 3, 0, 1) for a in (g, p))
        if key is not ... and len(key) == 4:
            key = (*key[2:], *key[:2])
    stored = compare(p, g, axes=axes).maps["prediction"]["ssim"]
    lazy = compare(da.from_array(p), da.from_array(g), axes=axes).maps["prediction"]["ssim"]
    try:
        expected = stored[key]
    except IndexError:
        return
    np.testing.assert_allclose(lazy[key], expected, atol=1e-6)
    assert lazy[key].shape == expected.shape


def test_maps_too_large_for_memory_are_lazy_though_the_images_are_not(rng, monkeypatch):
    arrays = volumes(rng)
    stored = run(arrays)
    monkeypatch.setattr(images, "physical_memory", lambda: 4 * arrays[0].nbytes)
    lazy = run(arrays)
    assert values(lazy) == values(stored)
    assert isinstance(lazy.maps["prediction"]["gain"], LazyMap)
    np.testing.assert_allclose(lazy.maps["prediction"]["gain"], stored.maps["prediction"]["gain"])


# ---- how often it is read


class Counted:
    """A chunked array that counts how often each chunk is decoded."""

    def __init__(self, data, chunks):
        self.data, self.chunks = data, chunks
        self.shape, self.dtype, self.ndim = data.shape, data.dtype, data.ndim
        self.decoded = Counter()

    def __getitem__(self, key):
        self.decoded[tuple((k.start, k.stop) for k in key)] += 1
        return self.data[key]


def test_every_pass_decodes_every_chunk_once(rng):
    g, p, raw = (Counted(a, (4, 16, 16)) for a in volumes(rng))
    run((g, p, raw), pixels=500, threads=2, convention="raw-units")
    chunks = 3 * 4 * 3
    for item in (g, p, raw):
        assert len(item.decoded) == chunks
        # all chunks of these small images stay remembered
        assert set(item.decoded.values()) == {1}


def test_chunks_that_are_not_remembered_are_decoded_once_a_pass_and_a_little_more(rng, monkeypatch):
    arrays = [np.tile(a, (3, 3, 1))[:32] for a in volumes(rng)]
    counted = [Counted(a, (4, 16, 22)) for a in arrays]
    # no more than the rows that are wanted, of ten in a slab
    monkeypatch.setattr("napari_verdict.engine.chunks.LEAST_BYTES", 0)
    run(counted, pixels=500, threads=1)
    chunks = 8 * 10 * 2
    truth, prediction, _ = (sum(c.decoded.values()) / chunks for c in counted)
    assert truth <= 4.2  # intensities, again for percentiles, maps, gain
    assert prediction <= 3.2


def test_a_plane_of_a_lazy_map_is_computed_once_and_remembered(rng):
    counted = [Counted(a, (1, 50, 44)) for a in volumes(rng)]
    result = run(counted)
    lazy = result.maps["prediction"]["rse"]
    assert not lazy.is_remembered((3, slice(None), slice(None)))
    first = lazy[3]
    assert lazy.is_remembered((3, slice(None), slice(None)))
    before = [c.decoded.total() for c in counted]
    np.testing.assert_array_equal(lazy[3], first)
    np.testing.assert_array_equal(abs(result.maps["prediction"]["difference"][3]), first)
    assert [c.decoded.total() for c in counted] == before


def test_no_more_planes_are_remembered_than_there_is_room_for(rng):
    lazy = run([da.from_array(a) for a in volumes(rng)]).maps["prediction"]["ssim"]
    lazy.plan.remembered.limit = 2 * 50 * 44 * 4
    for z in (0, 1, 2):
        lazy[z]
    assert [lazy.is_remembered(z) for z in (0, 1, 2)] == [False, True, True]


# ---- elsewhere


def blocks_and_tasks(comparison):
    """The tasks of every pass, as the run makes them, each with a block."""
    units = units_of(comparison, Pixels.of(comparison), None, 800)
    while passes := {id(u): one for u in units if (one := u.next_pass())}:
        for unit, block in units.blocks:
            one = passes[id(unit)]
            part = one.task(block)
            one.take(block, part)
            yield one.task, block, part
        for one in passes.values():
            one.finish()


def test_a_task_of_every_pass_goes_through_pickle_to_another_process(rng, tmp_path):
    g, p, raw = in_zarr(tmp_path, volumes(rng, np.float64), (4, 16, 16))
    comparison = images_comparison(p, g, raw, axes="zyx", convention="raw-units")
    comparison = replace(comparison, regions=(rectangle("corner", 0, 0, 9, 9),))
    seen = {}
    for task, block, part in blocks_and_tasks(comparison):
        seen.setdefault(type(task).__name__, (task, block, part))
    assert list(seen) == ["Measure", "Refine", "Compare", "JudgeBesideRaw", "AddRegions"]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        for task, block, part in seen.values():
            assert len(pickle.dumps((task, block))) < 4000
            there = elsewhere.submit(task, block).result()
            if hasattr(part, "levels"):
                np.testing.assert_array_equal(there.levels.counts, part.levels.counts)
                there, part = there.moments, part.moments
            np.testing.assert_equal(there, part)
