"""Our shortcuts take no key that napari uses, and go to the newest dock that can answer."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points, Shapes, Vectors
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts

from napari_verdict.widgets.keys import KEYS, SHORTCUTS, keys_of

pytestmark = pytest.mark.gui


def test_no_key_of_napari_is_taken():
    taken = {str(b) for bindings in default_shortcuts.values() for b in bindings}
    for kind in (ViewerModel, Image, Labels, Points, Shapes, Vectors):
        taken |= {str(k) for k in kind.class_keymap}
    ours = [str(coerce_keybinding(s.key)) for s in SHORTCUTS]
    assert len(set(ours)) == len(ours)
    assert not taken & set(ours)


class Dock:
    def __init__(self, can):
        self.can, self.heard = can, []

    def answer(self, pressed):
        self.heard.append(pressed)
        return self.can


def test_the_newest_that_can_answers():
    keys = keys_of(ViewerModel())
    old, new = Dock(True), Dock(False)
    keys.add("next", old.answer)
    keys.add("next", new.answer)
    assert keys.press("next") == old.answer
    assert (new.heard, old.heard) == ([True], [True])


def test_docks_that_are_gone_are_forgotten():
    keys = keys_of(ViewerModel())
    dock = Dock(True)
    keys.add("back", dock.answer)
    keys.remove(dock)
    assert keys.press("back") is None
    keys.add("back", dock.answer)
    del dock
    assert keys.press("back") is None


def test_the_canvas_is_bound_to_all_of_them():
    viewer = ViewerModel()
    keys_of(viewer)
    assert {str(k) for k in viewer.keymap} == {str(coerce_keybinding(k)) for k in KEYS.values()}
