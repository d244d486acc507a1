"""Strokes, undo and redo are found again where they were made, whatever else is drawn anew."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from napari.layers import Labels

from napari_verdict.viewer.touched import Touched, touched_of


@pytest.fixture
def layer():
    return Labels(np.zeros((4, 30, 40), np.uint16))


def covers(parts, pixel):
    return any(
        all(s.start <= k < s.stop for s, k in zip(part, pixel, strict=True)) for part in parts
    )


def test_nothing_is_touched_by_moving_the_slider_or_drawing_anew(layer):
    touched = Touched(layer)
    layer.paint((1, 5, 5), 3)
    assert covers(touched.parts(layer), (1, 5, 5))
    layer.refresh()
    assert touched.parts(layer) == []


@pytest.mark.parametrize("how", ["paint", "fill", "polygon", "setitem"])
def test_undo_and_redo_show_in_every_way_to_paint(layer, how):
    touched = Touched(layer)
    if how == "paint":
        layer.paint((1, 5, 5), 3)
    elif how == "fill":
        layer.fill((1, 5, 5), 3)
    elif how == "polygon":
        layer.paint_polygon([(1, 4, 4), (1, 4, 8), (1, 8, 8)], 3)
    else:
        layer.data_setitem((np.array([1]), np.array([5]), np.array([5])), 3)
    changed = tuple(np.argwhere(layer.data)[0])
    assert covers(touched.parts(layer), changed)
    for step in (layer.undo, layer.redo, layer.undo):
        step()
        assert covers(touched.parts(layer), changed)
        assert touched.parts(layer) == []


@pytest.mark.parametrize("undone", [1, 2, 3])
def test_several_undos_between_two_looks_show_all_they_took_back(layer, undone):
    touched = Touched(layer)
    layer.brush_size = 9
    for label, x in ((3, 5), (0, 8), (3, 11)):  # the pixel between them is as before in turn
        layer.paint((1, 5, x), label)
        touched.parts(layer)
    layer.visible = False  # napari tells nothing
    before = layer.data.copy()
    for _ in range(undone):
        layer.undo()
    parts = touched.parts(layer)
    assert all(covers(parts, at) for at in np.argwhere(layer.data != before))
    for _ in range(undone):
        layer.redo()
    assert {str(p) for p in touched.parts(layer)} == {str(p) for p in parts}


def test_strokes_that_drag_on_do_not_push_older_ones_out(layer):
    touched = Touched(layer)
    layer.paint((0, 2, 2), 7)
    for k in range(8):
        with layer.block_history():  # as napari does from press to release
            for x in range(40):
                layer.paint((1 + k % 3, 3 * k + 2, x), k + 1)
    touched.parts(layer)
    for _ in range(9):
        layer.undo()
    assert covers(touched.parts(layer), (0, 2, 2))


def test_as_much_is_remembered_as_napari_undoes(layer):
    touched = Touched(layer)
    layer.brush_size = 1
    for k in range(50):
        layer.paint((0, 0, k % 40), k + 1)
        touched.parts(layer)
    for _ in range(3):  # what is undone and painted over takes no room
        for _ in range(25):
            layer.undo()
            touched.parts(layer)
        for k in range(25):
            layer.paint((1, k % 30, k % 40), 200 + k)
            touched.parts(layer)
    for _ in range(50):
        layer.undo()
    assert not layer.data.any()
    assert covers(touched.parts(layer), (0, 0, 0))


def test_a_stroke_that_is_not_written_yet_is_looked_at_again(layer):
    touched = Touched(layer)
    told = []
    layer.events.paint.connect(lambda e: told.append(touched.parts(layer, settled=False)))
    layer.data_setitem((np.array([2]), np.array([9]), np.array([9])), 4)
    assert covers(told[0], (2, 9, 9))
    assert covers(touched.parts(layer), (2, 9, 9))
    assert touched.parts(layer) == []


def test_after_other_data_every_stroke_is_looked_at(layer):
    touched = Touched(layer)
    layer.paint((1, 5, 5), 3)
    touched.parts(layer)
    layer.data = np.ones((4, 30, 40), np.uint16)
    layer.undo()
    assert covers(touched.parts(layer), (1, 5, 5))
    layer.redo()
    layer.data = np.ones((2, 5, 40), np.uint16)
    assert touched.parts(layer) == []


def test_it_is_remembered_as_long_as_there_is_the_layer(layer):
    assert touched_of(layer) is touched_of(layer)
    known = weakref.ref(touched_of(layer))
    gone = weakref.ref(layer)
    assert known() is not None
    del layer
    gc.collect()
    if gone() is None:
        assert known() is None
