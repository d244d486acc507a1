"""Layers of evidence: signed about zero, clear where noise explains all, updated in place."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from dim import ask, blob, capture, grey, scene
from napari_verdict.viewer.layers import Roles
from napari_verdict.viewer.result_layers import (
    draw,
    find,
    first_names,
    has_map,
    keys_of_result,
    map_limits,
    names_for,
    prepare,
    uncover,
)
from napari_verdict.viewer.scales import threshold_of


@pytest.fixture
def images(rng):
    truth = scene((96, 96))
    wrong = grey(truth + 14 * blob(truth.shape, 50, 40))
    return capture(rng, truth), wrong.astype(np.float32), grey(truth).astype(np.float32)


@pytest.fixture
def result(images):
    return ask(*images)


@pytest.fixture
def viewer(images):
    viewer = ViewerModel()
    for name, image in zip(("raw", "a", "b"), images, strict=True):
        viewer.add_image(image, name=name)
    return viewer


def test_evidence_is_shown_first_and_more_can_be(result):
    assert first_names(result) == {"evidence"}
    assert set(names_for(result)) == {"evidence", "limit", "residual", "disagreement"}
    assert has_map(result, "a", "limit")
    assert not has_map(result, "raw", "evidence")
    assert ("b", "residual") in keys_of_result(result)


def test_limits_are_symmetric_with_the_threshold_half_way(result):
    low, high = map_limits(result, "evidence")
    assert low == -high
    assert high / 2 == pytest.approx(threshold_of(result))
    gathering = result.conditions["a"].gathering
    assert threshold_of(result) <= min(-gathering.low, gathering.high)


def test_what_noise_explains_is_clear_and_what_it_cannot_has_a_rim(viewer, result):
    (drawing,) = [d for d in prepare(result, "a", {"evidence"}) if d.name == "evidence"]
    layer = draw(viewer, viewer.layers["raw"], drawing)
    seen = layer.colormap.map(np.array([0.0, 0.25, 0.5, 0.7, 0.76, 1.0], np.float32))
    alpha = seen[:, 3]
    assert alpha[2] == 0  # no evidence
    assert alpha[3] < 0.2  # below the threshold
    assert alpha[4] > 0.95  # the rim
    assert 0.3 < alpha[5] < 0.6  # the prediction shines through
    blue, orange = seen[0], seen[-1]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]


def test_the_residual_is_there_unseen_so_that_a_key_can_flip_to_it(viewer, result):
    for drawing in prepare(result, "a", {"evidence"}):
        draw(viewer, viewer.layers["raw"], drawing)
    assert find(viewer, "a", "evidence").visible
    assert not find(viewer, "a", "residual").visible


def test_a_newer_result_updates_its_layers_in_place(viewer, images, result):
    names = {"evidence", "limit"}
    first = [draw(viewer, viewer.layers["raw"], d) for d in prepare(result, "a", names)]
    newer = ask(*images, alarms=5.0)
    again = [draw(viewer, viewer.layers["raw"], d) for d in prepare(newer, "a", names)]
    assert all(a is b for a, b in zip(first, again, strict=True))
    evidence = find(viewer, "a", "evidence")
    assert evidence.data is newer.maps["a"]["evidence"]
    assert tuple(evidence.contrast_limits) == pytest.approx(map_limits(newer, "evidence"))


def test_the_prediction_is_uncovered_and_results_stay(viewer, result):
    roles = Roles(viewer.layers["raw"], viewer.layers["raw"], tuple(viewer.layers)[1:])
    drawing = prepare(result, "a", {"evidence"})[-1]
    evidence = draw(viewer, viewer.layers["raw"], drawing)
    viewer.layers["a"].visible = False
    uncover(viewer, roles, result, "a")
    assert viewer.layers["a"].visible
    assert not viewer.layers["b"].visible
    assert evidence.visible
    uncover(viewer, roles, result, "b")
    assert viewer.layers["b"].visible
