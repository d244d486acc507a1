"""Holding a key shows some layers alone, and letting go brings every layer back."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_verdict.viewer.flip import Hold


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    for name, visible in (("raw", True), ("cnn", False), ("gt", True)):
        viewer.add_image(np.zeros((4, 4)), name=name, visible=visible)
    return viewer


def seen(viewer):
    return [x.name for x in viewer.layers if x.visible]


def test_only_what_is_held_is_seen_and_then_all_is_as_before(viewer):
    hold = Hold(viewer)
    assert hold.press([viewer.layers["cnn"]])
    assert seen(viewer) == ["cnn"]
    hold.release()
    assert seen(viewer) == ["raw", "gt"]
    assert not hold.is_held


def test_a_second_key_while_the_first_is_held_keeps_the_state_before(viewer):
    hold = Hold(viewer)
    hold.press([viewer.layers["raw"]])
    hold.press([viewer.layers["gt"]])
    assert seen(viewer) == ["gt"]
    hold.release()
    assert seen(viewer) == ["raw", "gt"]


def test_layers_may_come_and_go_while_it_is_held(viewer):
    hold = Hold(viewer)
    hold.press([viewer.layers["cnn"]])
    viewer.layers.remove("raw")
    viewer.add_image(np.zeros((4, 4)), name="new")
    hold.release()
    assert seen(viewer) == ["gt", "new"]


def test_nothing_happens_for_layers_that_are_gone(viewer):
    gone = viewer.layers["gt"]
    viewer.layers.remove(gone)
    assert not Hold(viewer).press([gone])
    assert seen(viewer) == ["raw"]
