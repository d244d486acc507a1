"""Predictions and images in files are read where a tile is, in a worker, and no further."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from labelled import TILE, objects, prediction

pytestmark = pytest.mark.gui
FIRST, SECOND, BETWEEN = (9, 9), (22, 21), (15, 15)
PLACED: dict[str, Any] = {"scale": (0.5, 0.5), "units": ("um", "um"), "axis_labels": ("y", "x")}


class Read:
    """Which chunks of a lazy array were read, and in which threads."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.places, self.threads = pixels, [], set()
        self.broken = False

    def chunk(self, block_info: Any = None) -> np.ndarray:
        if self.broken:
            raise OSError("the drive is gone")
        (y0, y1), (x0, x1) = block_info[None]["array-location"]
        self.places.append((y0, x0))
        self.threads.add(threading.current_thread() is threading.main_thread())
        return self.pixels[y0:y1, x0:x1]

    def array(self) -> Any:
        import dask.array as da

        whole = da.zeros(self.pixels.shape, dtype=self.pixels.dtype, chunks=TILE)
        return da.map_blocks(lambda block, block_info=None: self.chunk(block_info), whole,
                             dtype=self.pixels.dtype)  # fmt: skip


@pytest.fixture
def read():
    return Read(prediction())


@pytest.fixture
def lazy(make_napari_viewer, qtbot, tmp_path, monkeypatch, sit, read):
    """Somebody whose prediction and image are read from files piece by piece."""
    import dask.array as da

    monkeypatch.setenv("HOME", str(tmp_path))
    viewer = make_napari_viewer()
    raw = da.from_array((objects() > 0) * np.float32(50), chunks=TILE)
    viewer.add_image(raw, name="raw", contrast_limits=(0, 50), **PLACED)
    viewer.add_labels(read.array(), name="model", **PLACED)
    return sit(viewer, tmp_path)


def accept(person, place):
    """Ask for the predicted object at a place of the tile, and wait until it is answered."""
    person.hover_image(person.truth, *(person.corner() + place))
    person.key("C")
    person.wait(lambda: not person.dock.hands.reader.is_busy, "the prediction")


def at(person, place):
    return int(person.truth.data[tuple(person.corner() + place)])


def test_an_object_of_a_lazy_prediction_is_accepted_whole(lazy, read):
    lazy.start()
    lazy.click("Correcting: predictions are shown")
    accept(lazy, FIRST)
    assert at(lazy, FIRST)
    place = tuple(lazy.corner() + FIRST)
    np.testing.assert_array_equal(lazy.truth.data > 0, read.pixels == read.pixels[place])
    assert "flatters model" in lazy.dock.page.origins.text()
    assert lazy.truth.mode == "paint"
    lazy.press("Ctrl+Z")
    assert not lazy.truth.data.any()


def test_no_more_is_read_than_the_tile_and_its_margin_and_only_once(lazy, read):
    lazy.start()
    lazy.click("Correcting: predictions are shown")
    lazy.viewer.layers["model"].visible = True
    lazy.pause()
    read.places.clear()
    read.threads.clear()
    accept(lazy, FIRST)
    accept(lazy, SECOND)
    window = lazy.state.window
    near = [all(w.start < c + TILE and c < w.stop for w, c in zip(window, place, strict=True))
            for place in read.places]  # fmt: skip
    assert near
    assert all(near)
    assert len(read.places) == len(set(read.places))
    assert read.threads == {False}


def test_where_it_has_no_object_or_one_is_there_already_it_is_said(lazy):
    lazy.start()
    lazy.click("Correcting: predictions are shown")
    accept(lazy, BETWEEN)
    assert "only background" in lazy.says()
    accept(lazy, FIRST)
    accept(lazy, FIRST)
    assert "already here" in lazy.says()
    lazy.click("Accept over it")
    assert at(lazy, FIRST)


def test_a_prediction_that_cannot_be_read_is_said_in_a_sentence(lazy, read):
    lazy.start()
    lazy.click("Correcting: predictions are shown")
    read.broken = True
    accept(lazy, FIRST)
    assert "“model” cannot be read (the drive is gone)" in lazy.says()
    assert not lazy.truth.data.any()
    read.broken = False
    accept(lazy, FIRST)
    assert at(lazy, FIRST)


def test_what_comes_when_another_tile_is_in_hand_is_not_written(lazy, read):
    held = threading.Event()
    lazy.start()
    lazy.click("Correcting: predictions are shown")
    given = read.chunk

    def slowly(block_info=None):
        if threading.current_thread() is not threading.main_thread():
            held.wait(10)
        return given(block_info)

    read.chunk = slowly
    lazy.hover_image(lazy.truth, *(lazy.corner() + FIRST))
    lazy.key("C")
    assert "Reading" in lazy.says()
    lazy.click_cell("Tiles", 1, 0)
    held.set()
    lazy.wait(lambda: not lazy.dock.hands.reader.is_busy, "the end of it")
    lazy.pause()
    assert not lazy.truth.data.any()


def test_objects_are_proposed_from_an_image_in_a_file(lazy):
    lazy.start()
    lazy.click("Propose objects")
    lazy.wait(lambda: lazy.truth.data.any(), "the proposal")
    assert at(lazy, FIRST) != at(lazy, SECOND)
    assert 0 not in (at(lazy, FIRST), at(lazy, SECOND))
    assert at(lazy, BETWEEN) == 0


@pytest.mark.parametrize("draw", ["density", "disagreement", "low confidence"])
def test_tiles_are_drawn_by_what_lazy_layers_hold_and_scored(lazy, draw):
    import dask.array as da

    probability = da.full((128, 128), 0.4, chunks=TILE)
    layer = lazy.viewer.add_image(probability, name="likely", contrast_limits=(0, 1), **PLACED)
    lazy.viewer.add_labels(da.from_array(objects(), chunks=TILE), name="other", **PLACED)
    lazy.start(draw=draw, **({"confidence": layer} if draw == "low confidence" else {}))
    lazy.give(objects())
    lazy.key("D")
    lazy.wait(lambda: lazy.state.estimates, "the score")
    assert lazy.state.estimates["other"].first.value == 1
    assert "weighted" in lazy.state.estimates["model"].first.convention
