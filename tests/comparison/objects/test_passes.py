"""The task of a block of labels goes where the pixels are."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
import zarr

from builders import compare
from cases import crowded
from napari_verdict.comparison.model import Input, Task
from napari_verdict.comparison.objects.passes import Tabulate
from napari_verdict.comparison.regions import rectangle, regions_of_labels
from napari_verdict.engine.blocks import Block

SHAPE = (4, 24, 40)


def in_a_store(folder, name, pixels):
    array = zarr.create_array(
        folder / name, shape=pixels.shape, chunks=(2, 8, 40), dtype=pixels.dtype
    )
    array[:] = pixels
    return array


@pytest.fixture
def stored(rng, tmp_path):
    """Two predictions, an ignore mask and regions of both kinds, all of them in files."""
    truth, first = crowded(rng, SHAPE)
    second = np.roll(first, 2, axis=1).astype(np.float32)
    wells = np.zeros(SHAPE, np.uint8)
    wells[:, :9, 5:30], wells[2:, :, 30:] = 1, 2
    ignore = rng.random(SHAPE) < 0.1
    arrays = [
        in_a_store(tmp_path, name, pixels)
        for name, pixels in (("t", truth), ("a", first), ("b", second), ("i", ignore))
    ]
    wells = in_a_store(tmp_path, "w", wells)
    comparison = compare(
        *(Input(n, a, "zyx") for n, a in zip("tab", arrays[:3], strict=True)),
        task=Task.INSTANCES,
        ignore=arrays[3],
    )
    regions = (rectangle("corner", 0, 0, 9, 9), *regions_of_labels("well", wells, "zyx"))
    return replace(comparison, regions=regions)


def test_another_process_gives_the_same_tables(stored):
    task, block = Tabulate.of(stored), Block((), 1, 3, 5, 19)
    sent = pickle.dumps((task, block))
    assert len(sent) < 4000  # descriptions, not pixels
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        there = elsewhere.submit(task, block).result()
    here = task(block)
    assert list(there) == list(here) == [None, "", "corner", "well 1", "well 2"]
    for part, tables in here.items():
        for mine, other in zip(tables, there[part], strict=True):
            assert len(mine)
            for column, same in zip(mine.columns(), other.columns(), strict=True):
                np.testing.assert_array_equal(column, same)
                assert column.dtype == same.dtype


def test_a_part_of_which_a_block_has_nothing_has_no_table(stored):
    assert list(Tabulate.of(stored)(Block((), 0, 1, 12, 18))) == [None, ""]
