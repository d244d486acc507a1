"""A biologist has an image, a model, no ground truth, and half an hour to label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtWidgets import QSpinBox
from skimage.measure import find_contours

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
#: Every so many pixels of an outline the hand is moved.
STRIDE = 10


@pytest.fixture
def bench(person: Person, read_shared: Any, tmp_path: Any, monkeypatch: Any) -> Person:
    """The image and a prediction are open, and the dock too."""
    monkeypatch.setenv("HOME", str(tmp_path))
    person.viewer.add_image(read_shared("dsb2018/raw.ome.tif"), name="raw")
    person.viewer.add_labels(
        read_shared("dsb2018/prediction_unet_watershed.ome.tif"), name="watershed"
    )
    person.viewer.window.add_plugin_dock_widget("napari-verdict", "Label ground truth")
    return person


def tile_of(person: Person) -> tuple[slice, slice]:
    """Return the rows and columns of the tile that is framed, as its yellow frame shows."""
    frame = person.viewer.layers["tile to label"].data[-1]
    (y0, x0), (y1, x1) = np.ceil(frame.min(axis=0)), np.ceil(frame.max(axis=0))
    return slice(int(y0), int(y1)), slice(int(x0), int(x1))


def label_tile(person: Person, truth: Any) -> int:
    """Draw around every nucleus that touches the tile, each with a new label; count them."""
    layer = person.viewer.layers["ground truth"]
    ids = np.unique(truth[tile_of(person)])
    drawn = 0
    for nucleus in ids[ids > 0]:
        if (layer.data[truth == nucleus] > 0).mean() > 0.5:
            continue  # drawn with the tile beside this one
        person.focus_canvas()
        person.press("Shift+O")
        padded = np.pad(truth == nucleus, 1)
        outline = max(find_contours(padded.astype(float), 0.5), key=len) - 1
        outline = np.clip(outline, 0, np.array(truth.shape) - 1)
        person.encircle(layer, *map(tuple, outline[::STRIDE]), tuple(outline[0]))
        drawn += 1
    return drawn


def width_of(person: Person) -> float:
    """Return how wide the interval is that the dock shows; NaN where it shows none."""
    _, low, high = person.find("Interval of watershed").interval
    return float("nan") if low is None else high - low


def test_four_tiles_labelled_blind_give_a_score_whose_interval_shrinks(bench, read_shared):
    truth = read_shared("dsb2018/gt_labels.ome.tif")
    bench.find("Tile size", QSpinBox).setValue(80)
    bench.find("Seed", QSpinBox).setValue(6)
    bench.click("Start labelling")
    bench.wait(lambda: "ground truth" in bench.viewer.layers, "the layer to label on")
    bench.pause()
    assert not bench.viewer.layers["watershed"].visible
    bench.viewer.layers["ground truth"].brush_size = 1
    widths = []
    for k in range(1, 5):
        assert label_tile(bench, truth)
        bench.focus_canvas()
        bench.press("Shift+D")
        bench.wait(lambda: f"{k} tile" in said(bench), "the score")  # noqa: B023
        widths.append(width_of(bench))
    labels = bench.viewer.layers["ground truth"].data
    drawn = labels > 0
    assert (drawn & (truth > 0)).sum() / drawn.sum() > 0.8
    assert np.isnan(widths[:2]).all()  # two tiles tell nothing of how tiles differ
    assert widths[3] < widths[2]
    _, low, high = bench.find("Interval of watershed").interval
    known = read_shared("dsb2018/expected.json")["predictions"]
    f1 = known["prediction_unet_watershed.ome.tif"]["at_0.5"]["f1"]
    assert low < f1 < high
    assert bench.find("Whether it is saved").text().startswith("Saved")


def said(person: Person) -> str:
    """Return what the dock says of the score."""
    seen = person.sees("Score of watershed")
    return str(person.find("Score of watershed").text()) if seen else ""
