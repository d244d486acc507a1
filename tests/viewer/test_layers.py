"""Which layer is what: guessed from kinds and names, kept where picked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels, Points

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.layers import (
    MARK,
    Roles,
    comparable,
    guess_roles,
    infer_task,
    may_predict,
    settle,
)


def image(name, **kwargs):
    return Image(np.zeros((8, 8), np.float32), name=name, **kwargs)


def labels(name, ids=(1, 2)):
    data = np.zeros((8, 8), np.uint16)
    for k, i in enumerate(ids):
        data[k] = i
    return Labels(data, name=name)


def opened(layer):
    """What napari makes of a file of labels."""
    return Image(layer.data, name=layer.name)


def photo(name):
    """Whole numbers, few of them the same as their neighbours."""
    return Image(np.random.default_rng(1).poisson(9, (8, 8)).astype(np.uint8), name=name)


def points(name):
    return Points(np.zeros((3, 2)), name=name)


def names(roles):
    return (
        roles.ground_truth and roles.ground_truth.name,
        roles.raw and roles.raw.name,
        [p.name for p in roles.predictions],
    )


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([image("raw"), image("cnn"), image("gt")], ("gt", "raw", ["cnn"])),
        ([image("noisy"), image("n2v"), image("ground truth")], ("ground truth", "noisy", ["n2v"])),
        ([image("low_SNR"), image("care"), image("target")], ("target", "low_SNR", ["care"])),
        ([image("raw"), image("n2v")], (None, "raw", ["n2v"])),
        ([image("img"), labels("stardist"), labels("gt_labels")],
         ("gt_labels", "img", ["stardist"])),
        ([labels("stardist"), labels("nuclei")], ("nuclei", None, ["stardist"])),
        ([labels("a"), labels("b")], (None, None, ["a", "b"])),
        ([points("spots pred"), points("spots true")], ("spots true", None, ["spots pred"])),
        ([], (None, None, [])),
        ([image("gt")], ("gt", None, [])),
        ([image("raw"), image("prediction raw"), image("gt")], ("gt", "raw", ["prediction raw"])),
    ],
)  # fmt: skip
def test_roles_are_guessed_from_kind_and_name(layers, expected):
    assert names(guess_roles(layers)) == expected


def test_results_and_other_kinds_are_not_offered():
    from napari.layers import Shapes

    ours = image("SSIM · cnn", metadata={MARK: {"candidate": "cnn", "name": "ssim"}})
    gt = image("gt")
    assert comparable([ours, gt, Shapes(name="roi")]) == [gt]


def test_a_pick_by_hand_holds_while_its_layer_is_there():
    a, b, c = image("gt"), image("raw"), image("other")
    picked = settle([a, b, c], Roles(ground_truth=c), frozenset({"ground_truth"}))
    assert picked.ground_truth is c
    gone = settle([a, b], picked, frozenset({"ground_truth"}))
    assert gone.ground_truth is a


def test_picking_another_ground_truth_makes_its_kin_predictions():
    a, b, c = labels("gt"), labels("x"), labels("y")
    roles = settle([a, b, c], Roles(ground_truth=b), frozenset({"ground_truth"}))
    assert roles.ground_truth is b
    assert roles.predictions == (a, c)


def test_no_layer_has_two_roles():
    a, b = image("gt raw"), image("cnn")
    roles = settle([a, b], Roles(), frozenset())
    assert roles.ground_truth is not roles.raw or roles.raw is None


def test_predictions_are_of_the_kind_of_the_ground_truth():
    gt, pts, probability = labels("gt"), points("spots"), image("probability")
    assert may_predict([gt, pts, probability], Roles(gt)) == [probability]


@pytest.mark.parametrize(
    ("layers", "task"),
    [
        ([image("gt"), image("cnn")], Task.RESTORATION),
        ([labels("gt"), labels("p")], Task.INSTANCES),
        ([labels("gt", (1,)), labels("p", (255,))], Task.FOREGROUND),
        ([labels("gt"), labels("p", (1,))], Task.INSTANCES),
        ([points("gt"), points("p")], Task.DETECTIONS),
        ([labels("gt", ()), labels("p", ())], Task.FOREGROUND),
        ([opened(labels("gt")), opened(labels("p"))], Task.INSTANCES),
        ([opened(labels("gt", (255,))), opened(labels("p", (1,)))], Task.FOREGROUND),
        ([opened(labels("gt")), image("probability")], Task.RESTORATION),
        ([photo("gt"), photo("cnn")], Task.RESTORATION),
    ],
)
def test_the_task_follows_from_the_layers(layers, task):
    inferred, why = infer_task(layers[0], layers[1:])
    assert inferred is task
    assert why
