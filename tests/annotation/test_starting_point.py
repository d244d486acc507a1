"""Where nothing is labelled, threshold and watershed propose objects to be corrected."""

from __future__ import annotations

import numpy as np
import pytest

from builders import discs
from napari_verdict import compare_labels
from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.objects import free_labels
from napari_verdict.annotation.starting_point import otsu, starting_point

ALL = (slice(0, 40), slice(0, 40))


def bright(rng, shape=(40, 40)):
    return (rng.normal(100, 5, shape) + 200 * (discs(shape) > 0)).astype(np.float32)


def proposed(labels, image, bounds=ALL, **options):
    threshold = options.pop("threshold", None) or otsu(image)
    free = free_labels(labels)
    change = starting_point(labels, bounds, image[bounds], threshold, free, **options)
    after = labels.copy()
    change.write(after)
    return after


def test_bright_objects_are_found_each_with_a_label(rng):
    empty = np.zeros((40, 40), np.uint16)
    after = proposed(empty, bright(rng))
    assert len(np.unique(after)) == 5
    assert np.count_nonzero((after > 0) != (discs() > 0)) < 60


def test_touching_objects_are_parted(rng):
    y, x = np.indices((40, 40))
    balls = [(y - 20) ** 2 + (x - cx) ** 2 <= 64 for cx in (13, 27)]
    image = (balls[0] | balls[1]) * 100.0
    after = proposed(np.zeros((40, 40), np.uint8), image)
    assert len(np.unique(after)) == 3
    assert after[20, 13] != after[20, 27]


def test_what_is_labelled_stays_and_the_rest_gets_new_labels(rng):
    labels = np.where(discs() == 3, 3, 0).astype(np.uint16)
    after = proposed(labels, bright(rng), sigma=0.5)
    np.testing.assert_array_equal(after[labels > 0], 3)
    assert set(np.unique(after)) == {0, 3, 4, 5, 6}


def test_nothing_outside_the_tile_is_proposed(rng):
    tile = (slice(0, 20), slice(0, 20))
    after = proposed(np.zeros((40, 40), np.uint16), bright(rng), tile)
    assert len(np.unique(after)) == 2
    after[tile] = 0
    assert not after.any()


def test_crumbs_are_left_out_and_an_empty_tile_says_so(rng):
    image = bright(rng)
    with pytest.raises(EditError, match=r"brighter than .* and has 999 pixels or more"):
        proposed(np.zeros((40, 40), np.uint16), image, min_size=999)
    with pytest.raises(EditError, match="Lower the threshold"):
        proposed(np.zeros((40, 40), np.uint16), image, threshold=1e6)


def test_an_image_without_contrast_has_no_threshold():
    with pytest.raises(EditError, match="All pixels of the image are alike"):
        otsu(np.full((5, 5), 3.0))


def test_the_threshold_of_a_large_image_is_that_of_all_its_pixels(rng):
    image = rng.normal(100, 5, (1500, 1600)) + 200 * (np.indices((1500, 1600))[1] % 50 < 10)
    assert otsu(image) == pytest.approx(200, abs=1)
    assert otsu(np.where(rng.random(image.shape) < 0.1, np.nan, image)) == pytest.approx(200, abs=1)


def test_nuclei_of_a_real_image_are_found_well_enough_to_start_from(read_shared):
    raw, truth = (read_shared(f"dsb2018/{n}.ome.tif") for n in ("raw", "gt_labels"))
    bounds = (slice(0, 512), slice(0, 512))
    after = proposed(np.zeros(raw.shape, np.uint16), raw, bounds)
    scores = compare_labels(after, truth).scores.set_index("metric")["value"]
    assert scores["f1"] > 0.6


def test_the_threshold_of_an_image_in_a_file_is_found_from_a_few_places_of_it(rng):
    import dask.array as da

    image = np.where(rng.random((6, 2048, 2048)) < 0.3, 300, 100).astype(np.uint16)
    read = []

    def counted(block: np.ndarray) -> np.ndarray:
        read.append(block.size)
        return block

    lazy = da.from_array(image, chunks=(1, 256, 256)).map_blocks(counted, dtype=image.dtype,
                                                                 meta=image[:0])  # fmt: skip
    assert otsu(lazy) == otsu(image) == 200
    assert sum(read) < image.size / 3
