from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from builders import compare
from napari_verdict.comparison.model import (
    RAW,
    Input,
    Settings,
    Task,
    unique_names,
    without_channels,
)

IMAGE = np.zeros((4, 5))


def test_an_input_without_geometry_has_pixels_of_size_1_at_the_origin() -> None:
    item = Input("a", IMAGE, "yx")
    assert item.scale == (1.0, 1.0)
    assert item.translate == (0.0, 0.0)
    assert item.units == ("pixel", "pixel")
    assert item.shape == (4, 5)
    assert item.source.shape == (1, 4, 5)


def test_spacing_is_by_name_of_the_axis() -> None:
    item = Input("a", np.zeros((2, 3, 4, 5)), "xtyz", scale=(0.1, 9.0, 0.2, -0.5))
    assert item.spacing == (0.5, 0.2, 0.1)
    assert Input("a", IMAGE, "yx", scale=(0.2, 0.1)).spacing == (1.0, 0.2, 0.1)


@pytest.mark.parametrize("field", ["scale", "translate", "units"])
def test_geometry_has_one_entry_an_axis(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Input("a", IMAGE, "yx", **{field: ("pixel",) * 3 if field == "units" else (1.0,) * 3})


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01, float("nan")])
def test_an_iou_threshold_is_above_0_and_at_most_1(threshold: float) -> None:
    with pytest.raises(ValueError, match="IoU threshold"):
        Settings(iou_threshold=threshold)
    Settings(iou_threshold=1.0)


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan")])
def test_a_match_radius_is_above_0(radius: float) -> None:
    with pytest.raises(ValueError, match="radius"):
        Settings(radius=radius)


def test_raw_is_the_first_candidate_of_a_restoration_and_of_nothing_else() -> None:
    assert list(compare(IMAGE, IMAGE, IMAGE, raw=IMAGE).candidates) == [RAW, "a", "b"]
    assert list(compare(IMAGE, IMAGE, raw=IMAGE, task=Task.INSTANCES).candidates) == ["a"]


def test_other_settings_make_another_comparison() -> None:
    comparison = compare(IMAGE, IMAGE)
    other = comparison.with_settings(iou_threshold=0.7)
    assert (comparison.settings.iou_threshold, other.settings.iou_threshold) == (0.5, 0.7)
    assert other.ground_truth is comparison.ground_truth
    with pytest.raises(dataclasses.FrozenInstanceError):
        comparison.task = Task.SEMANTIC  # type: ignore[misc]


def test_names_are_unique_and_raw_is_the_baseline_s() -> None:
    assert unique_names(["raw", "raw", "x", "x (2)", "x"]) == [
        "raw (prediction)",
        "raw (prediction) (2)",
        "x",
        "x (2)",
        "x (3)",
    ]


def test_three_tasks_compare_labels() -> None:
    assert [t for t in Task if t.is_labels] == [Task.INSTANCES, Task.FOREGROUND, Task.SEMANTIC]


@pytest.mark.parametrize("axis", [0, 2])
def test_channels_that_share_labels_are_no_axis_and_what_is_in_a_file_is_read_when_asked_for(axis):
    """As zarr arrays are: nothing but parts is read."""

    plain, asked = np.arange(60, dtype=np.uint8).reshape(3, 4, 5), []

    class Store:
        shape, dtype, ndim = plain.shape, plain.dtype, plain.ndim

        def __getitem__(self, key: object) -> object:
            asked.append(key)
            return plain[key]

    axes = "cyx" if axis == 0 else "yxc"
    image = without_channels(Input("a", Store(), axes, (1, 2, 3)), axis, "yx")
    first = plain.take(0, axis)
    assert image.shape == first.shape
    assert image.data.ndim == 2
    assert asked == []
    np.testing.assert_array_equal(image.data[1:3, 2], first[1:3, 2])
    np.testing.assert_array_equal(np.asarray(image.data), first)
    assert image.is_rgb == (axis == 2)
    assert (image.whole.axes, image.whole.shape) == (axes, (3, 4, 5))
    assert image.whole.scale[axes.index("c")] == 1
