"""Painting, new data, undo and redo are noticed; looking around is not."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.flip import Flip
from napari_verdict.viewer.freshness import Freshness
from napari_verdict.viewer.snapshot import snapshot


@pytest.fixture
def watched():
    viewer = ViewerModel()
    layer = viewer.add_labels(np.zeros((3, 8, 8), np.uint8))
    freshness, seen = Freshness(), []
    freshness.changed.connect(seen.append)
    freshness.watch([(layer, snapshot(layer).data.copy())])
    return viewer, layer, freshness, seen


def test_painting_undo_and_redo(watched):
    _, layer, freshness, seen = watched
    layer.paint((0, 4, 4), 2)
    assert freshness.stale == [layer]
    layer.undo()
    assert freshness.stale == []
    layer.redo()
    assert freshness.stale == [layer]
    assert seen == [True, False, True]


def test_new_data(watched):
    _, layer, freshness, _ = watched
    layer.data = np.ones((3, 8, 8), np.uint8)
    assert freshness.stale == [layer]


def test_looking_around_changes_nothing(watched):
    viewer, layer, _, seen = watched
    viewer.dims.set_current_step(0, 2)
    layer.refresh()
    layer.contour = 1
    assert seen == []


def test_another_image_and_moved_points():
    viewer = ViewerModel()
    image = viewer.add_image(np.zeros((8, 8)))
    colour = viewer.add_image(np.zeros((40, 40, 3), np.uint8), rgb=True)
    points = viewer.add_points(np.zeros((2, 2)))
    freshness = Freshness()
    freshness.watch([(x, snapshot(x).data) for x in (image, colour, points)])
    assert freshness.stale == []
    image.data = np.ones((8, 8))
    points.data = np.ones((2, 2))
    assert freshness.stale == [image, points]


def test_labels_in_an_image_are_compared_as_a_copy_and_fresh_as_long_as_they_are_equal():
    image = ViewerModel().add_image(np.eye(8, dtype=np.uint8))
    freshness = Freshness()
    freshness.watch([(image, image.data.astype(np.int64))])
    assert freshness.stale == []
    image.data = np.zeros((8, 8), np.uint8)
    assert freshness.stale == [image]


def test_it_stops(watched):
    _, layer, freshness, seen = watched
    freshness.stop()
    layer.paint((0, 4, 4), 2)
    assert seen == []


def test_flip_shows_either_alone():
    viewer = ViewerModel()
    raw, other, prediction = (viewer.add_image(np.zeros((4, 4))) for _ in range(3))
    flip = Flip(viewer)
    flip.toggle()  # without layers it does nothing
    flip.set_layers(raw, prediction)
    flip.toggle()
    assert [x.visible for x in (raw, other, prediction)] == [True, False, False]
    flip.toggle()
    assert [x.visible for x in (raw, other, prediction)] == [False, False, True]
