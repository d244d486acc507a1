"""Where nothing is labelled, threshold and watershed propose objects to be corrected."""

from __future__ import annotations

import numpy as np
import pytest

from builders import discs
from napari_verdict import compare_labels
from napari_verdict.annotation.edits import EditError
from napari_verdict.annotation.objects import free_labels
from napari_verdict.annotation.starting_point import (
    Foreground,
    foreground_of,
    starting_point,
)

ALL = (slice(0, 40), slice(0, 40))


def bright(rng, shape=(40, 40)):
    return (rng.normal(100, 5, shape) + 200 * (discs(shape) > 0)).astype(np.float32)


def proposed(labels, image, bounds=ALL, **options):
    foreground = options.pop("foreground", None) or foreground_of(image)
    free = free_labels(labels)
    change = starting_point(labels, bounds, image[bounds], foreground, free, **options)
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


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_touching_objects_are_parted_along_any_axis_of_a_stack_of_thick_planes(axis):
    spacing = np.array([5.0, 1, 1])
    shape = (np.array([80, 80, 80]) / spacing).astype(int)
    place = np.moveaxis(np.indices(shape), 0, -1) * spacing
    centres = np.full((2, 3), 40.0)
    centres[:, axis] = 27, 53
    balls = [np.linalg.norm(place - c, axis=-1) <= 15 for c in centres]
    image = (balls[0] | balls[1]) * 100.0
    bounds = tuple(slice(0, n) for n in shape)
    empty = np.zeros(shape, np.uint8)
    after = proposed(empty, image, bounds, sigma=0.5, spacing=tuple(spacing))
    assert len(np.unique(after)) == 3
    one, other = (after[tuple((c / spacing).astype(int))] for c in centres)
    assert 0 != one != other != 0


def test_a_long_object_of_one_width_is_one():
    image = np.zeros((40, 40))
    image[15:24, 4:36] = 100
    after = proposed(np.zeros((40, 40), np.uint8), image, diameter=70)
    assert len(np.unique(after)) == 2


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
    with pytest.raises(EditError, match=r"is brighter than 1e\+06 and .* Draw by hand"):
        proposed(np.zeros((40, 40), np.uint16), image, foreground=Foreground(1e6))


def test_an_image_without_contrast_has_no_threshold():
    with pytest.raises(EditError, match="All pixels of the image are alike"):
        foreground_of(np.full((5, 5), 3.0))


def test_the_threshold_of_a_large_image_is_that_of_all_its_pixels(rng):
    image = rng.normal(100, 5, (1500, 1600)) + 200 * (np.indices((1500, 1600))[1] % 50 < 10)
    assert foreground_of(image).threshold == pytest.approx(200, abs=1)
    holed = np.where(rng.random(image.shape) < 0.1, np.nan, image)
    assert foreground_of(holed).threshold == pytest.approx(200, abs=1)


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
    assert foreground_of(lazy) == foreground_of(image) == Foreground(200)
    assert sum(read) < image.size / 3


def test_where_the_background_is_bright_objects_are_what_is_darker(rng):
    image = 400 - bright(rng)
    assert foreground_of(bright(rng)).darker is False
    assert foreground_of(image).darker is True
    empty = np.zeros((40, 40), np.uint16)
    np.testing.assert_array_equal(proposed(empty, image), proposed(empty, 400 - image))


def test_dense_objects_on_a_dark_background_are_not_taken_for_it(rng):
    image = rng.normal(10, 1, (64, 64))
    image[:, 20:] = rng.uniform(50, 250, (64, 44))  # two thirds of it, of all brightnesses
    assert foreground_of(image).darker is False


def test_of_colours_the_channel_that_parts_best_is_taken(rng):
    stained = np.full((40, 40, 3), 230.0) + rng.normal(0, 3, (40, 40, 3))
    stained[discs() > 0] -= [120, 40, 5]  # absorbs red most, as haematoxylin does
    found = foreground_of(stained, rgb=True)
    assert (found.channel, found.darker) == (0, True)
    assert found.words.endswith("in the red channel")
    after = proposed(np.zeros((40, 40), np.uint16), stained, foreground=found)
    red = proposed(np.zeros((40, 40), np.uint16), stained[..., 0])
    np.testing.assert_array_equal(after, red)
    assert len(np.unique(after)) == 5


def test_colours_that_are_all_alike_are_no_choice(rng):
    image = np.zeros((40, 40, 3), np.uint8)
    image[..., 1] = np.clip(bright(rng), 0, 255)
    assert foreground_of(image, rgb=True).channel == 1
    with pytest.raises(EditError, match="alike"):
        foreground_of(image * 0, rgb=True)


def test_colours_of_an_image_in_a_file_are_read_from_a_few_places_too(rng):
    import dask.array as da

    image = rng.integers(0, 250, (1, 2048, 2048, 3), np.uint8)
    image[..., 1] = np.where(image[..., 0] < 75, 220, 20)
    lazy = da.from_array(image, chunks=(1, 256, 256, 3))
    found = foreground_of(lazy, rgb=True)
    assert found == foreground_of(image, rgb=True) == Foreground(120, channel=1)


def test_the_other_side_takes_the_place_of_what_was_proposed_before(rng):
    image = bright(rng)
    labels = np.where(discs() == 3, 9, 0).astype(np.uint16)  # drawn by hand
    first = proposed(labels, image)
    found = foreground_of(image)
    made = set(np.unique(first)) - {0, 9}
    free = free_labels(first)
    change = starting_point(first, ALL, image, found.other, free, instead=made, sigma=0)
    second = first.copy()
    change.write(second)
    assert not made & set(np.unique(second))
    np.testing.assert_array_equal(second[labels == 9], 9)
    np.testing.assert_array_equal(second > 0, (image < found.threshold) | (labels == 9))
