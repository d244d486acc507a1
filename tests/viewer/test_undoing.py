"""Steps of several layers are taken back in the order in which they were made."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.key_bindings import KeymapHandler

from napari_verdict.viewer.undoing import SharedUndo


@pytest.fixture
def pair():
    return [Labels(np.zeros((9, 9), np.uint8), name=name) for name in ("truth", "mask")]


@pytest.fixture
def shared(pair):
    shared = SharedUndo()
    for layer in pair:
        shared.add(layer)
    return shared


def press(layer, key):
    """Press a key as in a viewer whose active layer this is."""
    handler = KeymapHandler()
    handler.keymap_providers = [layer, ViewerModel()]
    handler.press_key(key)


def mark(layer, place):
    layer.data_setitem(tuple(np.array([p]) for p in place), 1)


def marked(pair):
    return [int(layer.data.sum()) for layer in pair]


@pytest.mark.parametrize("active", [0, 1])
def test_the_last_step_of_all_is_taken_back_whichever_layer_is_active(pair, shared, active):
    truth, mask = pair
    mark(truth, (1, 1))
    mark(mask, (1, 1))
    mark(truth, (2, 2))
    seen = []
    for _ in range(3):
        press(pair[active], "Ctrl+Z")
        seen.append(marked(pair))
    assert seen == [[1, 1], [1, 0], [0, 0]]
    seen = []
    for _ in range(3):
        press(pair[active], "Ctrl+Shift+Z")
        seen.append(marked(pair))
    assert seen == [[1, 0], [1, 1], [2, 1]]


def test_after_a_new_step_nothing_is_done_again(pair, shared):
    truth, mask = pair
    mark(mask, (1, 1))
    press(truth, "Ctrl+Z")
    mark(truth, (2, 2))
    press(truth, "Ctrl+Shift+Z")
    assert marked(pair) == [1, 0]


def test_steps_from_before_are_those_of_the_active_layer(pair):
    truth, _ = pair
    mark(truth, (1, 1))
    shared = SharedUndo()
    shared.add(truth)
    press(truth, "Ctrl+Z")
    assert marked(pair) == [0, 0]
    press(truth, "Ctrl+Shift+Z")
    assert marked(pair) == [1, 0]


def test_undo_with_nothing_left_costs_no_redo(pair, shared):
    truth, mask = pair
    mark(mask, (1, 1))
    for _ in range(3):
        press(truth, "Ctrl+Z")
    press(truth, "Ctrl+Shift+Z")
    assert marked(pair) == [0, 1]
    for _ in range(3):
        press(truth, "Ctrl+Shift+Z")
    press(truth, "Ctrl+Z")
    assert marked(pair) == [0, 0]


def test_steps_of_a_layer_that_left_are_passed_over(pair, shared):
    truth, mask = pair
    mark(truth, (1, 1))
    mark(mask, (1, 1))
    shared.remove(mask)
    press(truth, "Ctrl+Z")
    assert marked(pair) == [0, 1]


def test_after_its_end_napari_undoes_alone(pair, shared):
    truth, mask = pair
    mark(truth, (1, 1))
    mark(mask, (1, 1))
    shared.stop()
    press(truth, "Ctrl+Z")
    assert marked(pair) == [0, 1]
    assert not truth.keymap
