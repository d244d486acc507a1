"""Whatever changes labels is noticed: strokes, fills, undo, redo, our edits, new data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Labels

from napari_verdict.annotation.edits import Change
from napari_verdict.viewer.strokes import Strokes, apply

TILE = (slice(10, 30), slice(10, 30))
STEPS = ["paint", "fill", "undo", "redo", "edit", "turn"]


class Counted(np.ndarray):
    """Counts the pixels that are read of it in one go."""

    pixels = 0

    def __getitem__(self, where):
        part = super().__getitem__(where)
        if all(isinstance(w, slice) for w in where):
            self.pixels += part.size
        return part


@pytest.fixture
def layer():
    return Labels(np.zeros((60, 60), np.uint16))


def brush(layer, place, label=1, size=5):
    layer.brush_size = size
    layer.paint(place, label)


def test_a_stroke_is_told_with_before_and_after(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (20, 20), 3)
    change = strokes.look()
    assert sorted(change.change.at) == sorted(np.flatnonzero(layer.data))
    assert set(change.before) == {0}
    assert set(change.change.values) == {3}
    y, x = np.nonzero(layer.data)
    assert change.low == (y.min(), x.min())
    assert change.high == (y.max() + 1, x.max() + 1)
    assert strokes.look() is None


def test_undo_and_redo_are_told_as_the_change_they_make(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (20, 20), 3)
    painted = strokes.look()
    layer.undo()
    undone = strokes.look()
    np.testing.assert_array_equal(undone.change.at, painted.change.at)
    assert set(undone.change.values) == {0}
    assert undone.undone
    assert not painted.undone
    layer.redo()
    assert set(strokes.look().change.values) == {3}


def test_strokes_beyond_what_is_watched_are_told_and_their_undo_too(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (50, 50))
    assert strokes.look().low == (48, 48)
    layer.undo()
    assert set(strokes.look().change.values) == {0}


def test_all_strokes_beyond_what_is_watched_are_told_at_the_next_look(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (50, 50), 3)
    brush(layer, (5, 5), 4)
    assert set(strokes.look().change.values) == {3, 4}


def test_a_look_before_the_pixels_are_written_does_not_forget_where(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    found = []
    strokes.stirred.connect(lambda _: found.append(strokes.look(settled=False)))
    apply(layer, Change(np.array([0, 1]), np.array([3, 3])))
    assert found[0] is None
    found.append(strokes.look())
    told = [f for f in found if f is not None]
    assert [list(f.change.at) for f in told] == [[0, 1]]
    assert not told[0].undone


def test_a_stroke_is_compared_where_it_lies_however_many_tiles_were_painted_before():
    layer = Labels(np.zeros((600, 600), np.uint16))
    shadow = np.zeros((600, 600), np.uint16).view(Counted)
    strokes = Strokes(layer, shadow)
    for corner in range(0, 600, 20):
        strokes.watch([(slice(corner, corner + 20),) * 2])
        brush(layer, (corner + 10, corner + 10))
        strokes.look()
    shadow.pixels = 0
    brush(layer, (300, 100))
    strokes.look()
    assert 400 + 25 <= shadow.pixels <= 500
    shadow.pixels = 0
    for _ in range(3):
        layer.undo()
    strokes.look()
    assert 400 + 2 * 25 <= shadow.pixels <= 600
    shadow.pixels = 0
    layer.refresh()  # as a slider does
    assert strokes.look() is None
    assert shadow.pixels == 400


def test_where_napari_names_no_steps_all_is_compared(layer, monkeypatch):
    monkeypatch.setattr("napari_verdict.viewer.strokes._HISTORY", "_unknown")
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (50, 50), 3)
    assert set(strokes.look().change.values) == {3}
    layer.undo()
    assert set(strokes.look().before) == {3}


def test_undo_of_what_was_painted_where_one_looks_no_more_is_told(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (20, 20), 3)
    strokes.look()
    strokes.watch([(slice(40, 60), slice(40, 60))])
    layer.undo()
    assert set(strokes.look().change.values) == {0}
    strokes.watch([(slice(0, 5), slice(0, 5))])
    layer.redo()
    assert set(strokes.look().change.values) == {3}


def test_undo_of_what_was_painted_before_is_told(layer):
    brush(layer, (50, 50), 3)
    brush(layer, (5, 5), 4)
    layer.undo()
    strokes = Strokes(layer)
    strokes.watch([TILE])
    layer.redo()
    assert set(strokes.look().change.values) == {4}
    strokes.look()
    layer.undo()
    layer.undo()
    assert set(strokes.look().before) == {3, 4}


def test_edits_of_ours_are_one_step_back(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    brush(layer, (20, 20), 1)
    strokes.look()
    at = np.flatnonzero(layer.data)
    apply(layer, Change(at, np.where(np.arange(len(at)) % 2, 2, 5).astype(np.uint16)))
    assert set(strokes.look().change.values) == {2, 5}
    layer.undo()
    assert set(strokes.look().change.values) == {1}
    assert set(np.unique(layer.data)) == {0, 1}


def test_new_data_are_compared_as_a_whole_and_another_shape_is_refused(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    data = np.zeros((60, 60), np.uint16)
    data[0, 0] = data[59, 59] = 7
    layer.data = data
    assert list(strokes.look().change.at) == [0, 3599]
    layer.data = np.zeros((50, 50), np.uint16)
    with pytest.raises(ValueError, match="other data"):
        strokes.look()


def test_a_layer_that_was_converted_to_a_larger_type_is_told_once(layer):
    strokes = Strokes(layer)
    strokes.watch([TILE])
    layer.data = layer.data.astype(np.int32)
    assert strokes.look() is None
    brush(layer, (20, 20), 70_000)
    assert set(strokes.look().change.values) == {70_000}
    layer.refresh()
    assert strokes.look() is None


def test_what_was_painted_since_the_copy_is_searched_for(layer):
    layer.data = np.zeros((5, 60, 60), np.uint16)
    copy = layer.data.copy()
    brush(layer, (3, 50, 50), 2)
    layer.data[4, 1, 1] = 5
    strokes = Strokes(layer, copy)
    strokes.watch([(slice(0, 1), *TILE)])
    strokes.suspect(r for r in strokes.search() if r is not None)
    assert set(strokes.look().change.values) == {2, 5}
    assert not [r for r in strokes.search() if r is not None]


def test_it_stirs_at_every_stroke_and_after_stop_no_more(layer):
    strokes, told = Strokes(layer), []
    strokes.stirred.connect(told.append)
    brush(layer, (20, 20))
    assert told
    told.clear()
    layer.undo()
    assert told
    told.clear()
    strokes.stop()
    brush(layer, (20, 20))
    assert not told


@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 59), st.integers(0, 59),
                  st.integers(0, 4)),
        max_size=16,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_changes_played_again_give_the_labels(steps):
    layer = Labels(np.zeros((60, 60), np.uint16))
    strokes, copy = Strokes(layer), np.zeros((60, 60), np.uint16)
    strokes.watch([TILE])
    for what, y, x, label in steps:
        if what == "paint":
            brush(layer, (y, x), label)
        elif what == "fill" and layer.data[y, x] != label and layer.data[y, x]:
            layer.fill((y, x), label)
        elif what == "edit":
            apply(layer, Change(np.array([0, y * 60 + x]), np.full(2, label, np.uint16)))
        elif what == "turn":
            strokes.watch([tuple(slice(n, n + 20) for n in (y, x))])
        elif what in ("undo", "redo"):
            getattr(layer, what)()
        change = strokes.look()
        if change is not None:
            np.testing.assert_array_equal(copy.flat[change.change.at], change.before)
            copy.flat[change.change.at] = change.change.values
    np.testing.assert_array_equal(copy, layer.data)
