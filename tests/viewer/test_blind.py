"""Whoever labels sees no prediction, and afterwards all is as it was."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.blind import Blindfold
from napari_verdict.viewer.layers import MARK

LABELS = np.eye(8, dtype=int)


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((8, 8)), name="raw")
    viewer.add_image(np.zeros((8, 8)), name="other channel")
    viewer.add_image(np.zeros((8, 8)), name="probability")
    viewer.add_labels(LABELS, name="stardist")
    viewer.add_labels(LABELS, name="hidden before", visible=False)
    viewer.add_image(np.zeros((8, 8)), name="map", metadata={MARK: {"name": "ssim"}})
    viewer.add_labels(LABELS, name="truth")
    return viewer


def seen(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def test_predictions_and_what_is_made_of_them_are_hidden(viewer):
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]], [viewer.layers["probability"]])
    assert seen(viewer) == ["raw", "other channel", "truth"]


def test_images_that_are_called_after_a_model_are_hidden_too(viewer):
    viewer.add_image(np.zeros((8, 8)), name="unet prediction")
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]])
    viewer.add_image(np.zeros((8, 8)), name="Stardist_mask")
    assert seen(viewer) == ["raw", "other channel", "probability", "truth"]


def test_what_comes_meanwhile_is_hidden_too(viewer):
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]])
    viewer.add_labels(LABELS, name="cellpose")
    viewer.add_image(np.zeros((8, 8)), name="a channel more")
    assert "cellpose" not in seen(viewer)
    assert "a channel more" in seen(viewer)


def test_all_is_as_it_was_afterwards(viewer):
    before = seen(viewer)
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]], [viewer.layers["probability"]])
    blind.take_off()
    assert seen(viewer) == before
    viewer.add_labels(LABELS, name="later")
    assert "later" in seen(viewer)


def test_it_tells_when_a_hidden_layer_is_shown_by_other_means(viewer):
    blind, told = Blindfold(viewer), []
    blind.lifted.connect(told.append)
    blind.put_on([viewer.layers["truth"]])
    viewer.layers["other channel"].visible = False
    assert not told
    viewer.layers["stardist"].visible = True
    assert told == [viewer.layers["stardist"]]
    blind.take_off()
    assert len(told) == 1


def test_layers_that_are_gone_are_left_out(viewer):
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]])
    viewer.layers.remove("stardist")
    blind.take_off()
    assert "map" in seen(viewer)


def test_whoever_corrects_sees_predictions_whatever_they_were_until_the_end(viewer):
    before = seen(viewer)
    blind = Blindfold(viewer)
    blind.put_on([viewer.layers["truth"]])
    blind.lift([viewer.layers["hidden before"]])
    assert seen(viewer) == [layer.name for layer in viewer.layers]
    blind.take_off()
    assert seen(viewer) == before


def test_a_layer_that_is_shown_stays_shown_alone_until_the_end(viewer):
    before = seen(viewer)
    blind = Blindfold(viewer)
    blind.lifted.connect(blind.rest)
    blind.put_on([viewer.layers["truth"]])
    viewer.layers["hidden before"].visible = True
    assert "hidden before" in seen(viewer)
    assert "stardist" not in seen(viewer)
    blind.take_off()
    assert seen(viewer) == before


def test_what_is_made_to_draw_in_is_not_hidden_and_of_what_is_it_tells(viewer):
    blind, told = Blindfold(viewer), []
    blind.hidden.connect(told.append)
    blind.put_on([viewer.layers["truth"]])
    viewer.add_points(name="notes")
    viewer.add_shapes(name="a region")
    viewer.add_labels(np.zeros((8, 8), int), name="mine")
    assert {"notes", "a region", "mine"} <= set(seen(viewer))
    assert not told
    spots = viewer.add_points([[1, 1]], name="spots")
    assert not spots.visible
    assert told == [spots]
