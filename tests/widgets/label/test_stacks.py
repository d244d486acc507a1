"""Stacks are labelled plane by plane, or in 3D, and movies frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from labelled import objects

pytestmark = pytest.mark.gui


def name_axis(person, letter):
    axis = person.dock.setup.axis
    axis.setCurrentIndex(axis.findData(letter))
    axis.activated.emit(axis.currentIndex())


def test_an_unnamed_axis_is_asked_for_and_frames_are_stepped_to(stack):
    assert "Say what the first axis" in stack.dock.setup.hint.text()
    assert not stack.dock.setup.start.isEnabled()
    name_axis(stack, "t")
    stack.start()
    for _ in range(3):
        tile = stack.state.tile
        assert stack.viewer.dims.current_step[0] == tile.frame[0]
        stack.give(np.repeat(objects()[np.newaxis], 12, axis=0))
        assert set(np.nonzero(stack.truth.data[tile.frame[0]])[0])
        stack.key("D")
    assert len({t.frame for t in stack.state.plan.tiles[:3]}) == 3


def test_tiles_of_several_planes_are_labelled_in_3d_with_interpolation(stack):
    name_axis(stack, "z")
    stack.start(depth=6)
    z0, z1 = stack.state.tile.box[:2]
    assert z1 - z0 == 6
    assert z0 <= stack.viewer.dims.current_step[0] < z1
    for z in (z0, z1 - 1):
        stack.viewer.dims.set_current_step(0, z)
        stack.paint((9, 9), (9, 12), label=7)
    assert not (stack.truth.data[z0 + 2] == 7).any()
    stack.key("I")
    assert all((stack.truth.data[z] == 7).any() for z in range(z0, z1))
    assert "interpolated" in stack.dock.page.origins.text()
    stack.truth.undo()
    stack.pause(50)
    assert not (stack.truth.data[z0 + 2] == 7).any()
    stack.viewer.dims.set_current_step(0, z1 % 12)
    assert not stack.dock.desk.spotlight.is_inside
    stack.paint((9, 9), (9, 12), label=8)
    inside = stack.state.window[0]
    outside = not inside.start <= z1 % 12 < inside.stop
    assert ("outside of the tile" in stack.says()) == outside


def test_steps_through_a_stack_count_nothing_anew_and_an_undo_among_them_does(stack):
    name_axis(stack, "z")
    stack.start(number=3)
    labels, model = np.repeat(objects()[np.newaxis], 12, axis=0), stack.viewer.layers["model"]
    model.data_setitem(tuple(np.array([0]) for _ in range(3)), 7)
    for _ in range(3):
        stack.give(labels)
        stack.dock.desk.finish(empty=True)
    stack.wait(lambda: stack.state.estimates and stack.state.estimates["model"].first.n == 3, "it")
    stack.click("Correcting: predictions are shown")
    live, stirred, looks = stack.dock.live, [], []
    stack.wait(lambda: not (live._later.isActive() or live._looker.is_busy), "rest")
    live.stirred.connect(lambda: stirred.append(1))
    live._looker.done.connect(looks.append)
    for z in range(6):
        stack.viewer.dims.set_current_step(0, z)
    stack.wait(lambda: looks == [False], "a look at the prediction")
    assert not stirred
    tile = stack.state.plan.tiles[0]
    model.data[tile.box[0], tile.box[2] : tile.box[3], tile.box[4] : tile.box[5]] = 9
    model.refresh()  # as undo does, napari tells no more than that it is drawn
    stack.wait(lambda: stirred, "another count")


def test_tiles_are_stepped_through_in_3d_display_and_lit_again_in_2d(stack):
    name_axis(stack, "z")
    stack.start(number=4, depth=3)
    stack.viewer.dims.ndisplay = 3
    stack.give(np.repeat(objects()[np.newaxis], 12, axis=0))
    stack.key("D")
    assert stack.state.current == 1
    light = stack.viewer.layers["tile to label"]
    assert not light.visible
    stack.viewer.dims.ndisplay = 2
    assert light.visible
    frame = np.array(light.data[-1])
    box = stack.state.tile.box
    np.testing.assert_allclose(frame.min(axis=0), [box[2] - 0.5, box[4] - 0.5])
