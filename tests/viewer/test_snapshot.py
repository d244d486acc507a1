"""A layer is frozen with its axes, geometry and origin; what is unclear is refused."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Points

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Settings, Task
from napari_verdict.viewer.layers import Roles
from napari_verdict.viewer.snapshot import comparison_of, detached, snapshot


def test_geometry_axes_and_units_are_read():
    layer = Image(
        np.zeros((3, 4, 5)),
        scale=(2, 0.5, 0.5),
        translate=(1, 0, 7),
        units=("um", "um", "um"),
        axis_labels=("z", "y", "x"),
    )
    one = snapshot(layer)
    assert (one.axes, one.scale, one.translate) == ("zyx", (2, 0.5, 0.5), (1, 0, 7))
    assert one.units == ("µm",) * 3
    assert one.data is layer.data


def test_unnamed_axes_are_unknown_and_units_pixels():
    one = snapshot(Image(np.zeros((3, 4, 5))))
    assert (one.axes, one.units) == ("?yx", ("pixel",) * 3)


def test_a_scaling_affine_counts_as_scale():
    layer = Image(np.zeros((4, 5)), scale=(2, 2), affine=[[3, 0, 1], [0, 3, 2], [0, 0, 1]])
    one = snapshot(layer)
    assert (one.scale, one.translate) == ((6, 6), (1, 2))


def test_a_rotated_layer_is_refused_unless_the_ground_truth_lies_alike():
    layer = Image(np.zeros((4, 5)), rotate=30, name="tilted")
    with pytest.raises(ComparisonError, match=r"tilted.*rotated"):
        snapshot(layer)
    same = Image(np.zeros((4, 5)), rotate=30)
    assert snapshot(layer, like=same).scale == (1, 1)


def test_a_sheared_layer_is_refused():
    with pytest.raises(ComparisonError):
        snapshot(Image(np.zeros((4, 5)), shear=[0.5]))


def test_rgb_gets_a_channel_axis_and_alpha_is_left_out():
    one = snapshot(Image(np.zeros((40, 50, 4), np.uint8), rgb=True))
    assert (one.axes, one.shape) == ("yxc", (40, 50, 3))


def test_multiscale_gives_full_resolution():
    data = np.arange(64.0).reshape(8, 8)
    assert snapshot(Image([data, data[::2, ::2]], multiscale=True)).shape == (8, 8)


def test_labels_are_detached_in_the_worker_since_they_can_be_painted_on():
    layer = Labels(np.eye(4, dtype=np.uint8))
    asked = comparison_of(Roles(layer, None, (layer,)), Task.INSTANCES, Settings())
    assert asked.ground_truth.data is layer.data
    comparison = detached(asked)
    layer.data_setitem((np.array([0]), np.array([1])), 3)
    assert comparison.ground_truth.data[0, 1] == 0
    assert comparison.predictions[0].data[0, 1] == 0


def test_images_are_not_copied():
    layer = Image(np.eye(4))
    asked = comparison_of(Roles(layer, None, (layer,)), Task.RESTORATION, Settings())
    assert detached(asked) is asked


def test_bool_and_large_labels_keep_their_meaning():
    assert set(np.unique(snapshot(Labels(np.eye(4, dtype=bool))).data)) == {0, 1}
    huge = np.full((4, 4), 2**63 + 1, np.uint64)
    assert snapshot(Labels(huge)).data[0, 0] == 2**63 + 1


def test_points_are_copied():
    layer = Points(np.array([[1.0, 2.0]]), axis_labels=("y", "x"))
    one = snapshot(layer)
    layer.data[0] = 5
    assert one.data.tolist() == [[1.0, 2.0]]


def image(name, ndim=2, labels=()):
    return Image(np.zeros((4,) * ndim), name=name, **({"axis_labels": labels} if labels else {}))


def test_axes_known_from_one_layer_hold_for_the_others():
    gt, pred = image("gt", 3), image("p", 3, ("t", "y", "x"))
    made = comparison_of(Roles(gt, None, (pred,)), Task.RESTORATION, Settings())
    assert made.ground_truth.axes == "tyx"


def test_a_prediction_named_raw_is_renamed_and_names_are_unique():
    roles = Roles(image("gt"), image("raw"), (image("raw"), image("p"), image("p")))
    made = comparison_of(roles, Task.RESTORATION, Settings())
    assert list(made.candidates) == ["raw", "raw (prediction)", "p", "p (2)"]


def test_raw_is_a_candidate_of_restorations_only():
    roles = Roles(image("gt"), image("raw"), (image("p"),))
    assert comparison_of(roles, Task.FOREGROUND, Settings()).raw is None


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (Roles(), "no-ground-truth"),
        (Roles(ground_truth=image("gt")), "no-prediction"),
    ],
)
def test_what_is_missing_is_said(roles, code):
    with pytest.raises(ComparisonError) as error:
        comparison_of(roles, Task.RESTORATION, Settings())
    assert code in [f.code for f in error.value.findings]


def test_what_lies_in_a_file_is_not_copied_into_memory(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(9, dtype=np.uint8))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r+")
    layers = [Labels(mapped, name="gt"), Labels(np.eye(9, dtype=np.uint8), name="unet")]
    asked = comparison_of(Roles(layers[0], None, (layers[1],)), Task.INSTANCES, Settings())
    own = detached(asked)
    assert own.ground_truth.data is asked.ground_truth.data
    assert own.predictions[0].data is not asked.predictions[0].data
