"""The panel of plots: what it offers, and what a click in a plot leads to."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from builders import discs, texture
from cases import compare
from napari_verdict import compare_images
from napari_verdict.comparison.entries import EntryKey, Filter
from napari_verdict.comparison.model import Input
from napari_verdict.widgets.plots.offer import offered, pixel_size
from napari_verdict.widgets.plots.panel import PlotsPanel

pytestmark = pytest.mark.gui


def key(candidate, object_id, frame=()):
    return EntryKey(candidate, "ground truth", frame, object_id)


def without(labels, *ids):
    return np.where(np.isin(labels, ids), 0, labels)


@pytest.fixture
def viewer(qtbot):
    return ViewerModel()


@pytest.fixture
def panel(viewer, qtbot):
    panel = PlotsPanel(viewer)
    qtbot.addWidget(panel)
    panel.resize(360, 500)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.asked = []
    panel.wanted.connect(lambda keys, text: panel.asked.append((keys, text)))
    yield panel
    panel.stop()


def look_at(panel, result, candidate, plot=""):
    panel.session.result = result
    panel.session.candidate = candidate
    if plot:
        panel.chooser.setCurrentIndex(panel.chooser.findData(plot))
    panel.update_plot()


def pair():
    """Both find disc 1; a finds 2, b finds 3, neither finds 4."""
    truth = discs()
    return compare({"a": without(truth, 3, 4), "b": without(truth, 2, 4)}, truth)


def test_nothing_is_drawn_and_it_says_why_before_there_is_a_result(panel):
    panel.update_plot()
    assert panel.empty.isVisible()
    assert not panel.chooser.isVisible()
    assert not panel._views


def test_a_result_offers_the_plots_it_has(rng):
    truth = discs()
    assert offered(None) == []
    assert offered(compare(truth, truth)) == ["iou", "size"]
    assert offered(pair()) == ["iou", "size", "pair"]
    stack = np.stack([truth, truth])
    assert offered(compare(stack, stack, "tyx")) == ["iou", "size", "frames"]
    assert offered(compare(truth, truth, task="foreground")) == []
    image = np.stack([texture(), texture(seed=2)])
    noisy = image + rng.normal(0, 9, image.shape)
    assert offered(compare_images({"p": noisy}, image, axes="zyx")) == ["intensity", "frames"]
    assert offered(compare_images({"p": -image}, image, axes="zyx")) == ["frames"]


def test_a_bar_lists_the_objects_in_it_worst_first(panel):
    look_at(panel, pair(), "a", "iou")
    plot = panel.plot("iou")
    plot._choose(0)
    assert panel.asked == [([key("a", 3), key("a", 4)], "IoU 0.00 to 0.05")]
    assert panel.session.wanted == Filter(only=frozenset({key("a", 3), key("a", 4)}))
    assert panel.session.selected == key("a", 3)


def test_a_point_selects_its_object_and_gets_a_ring(panel):
    look_at(panel, pair(), "a", "size")
    plot = panel.plot("size")
    rows = [r for r in range(len(panel._entries())) if panel._entries().key(r) == key("a", 2)]
    plot.chosen.emit(rows[0])
    assert panel.session.selected == key("a", 2)
    assert plot._selected >= 0
    panel.session.selected = None
    assert plot._selected == -1


def test_the_counts_of_two_predictions_are_clicked_with_the_mouse(panel, qtbot):
    look_at(panel, pair(), "b", "pair")
    box = panel.plot("pair")
    assert [b.text() for b in box.buttons.values()] == [
        *("A finds, B misses: 1", "B finds, A misses: 1", "both wrong: 1", "both find: 1")
    ]
    for group in ("only a", "only b", "neither", "both"):
        qtbot.mouseClick(box.buttons[group], Qt.MouseButton.LeftButton)
    assert panel.asked == [
        ([key("b", 2)], "a finds, b misses"),
        ([key("b", 3)], "b finds, a misses"),
        ([key("b", 4)], "a and b miss"),
        ([key("b", 1)], "a and b find"),
    ]


def test_a_third_prediction_is_left_for_the_pair_that_was_clicked(panel, qtbot):
    truth = discs()
    result = compare({"a": truth, "b": without(truth, 1), "c": truth}, truth)
    look_at(panel, result, "c", "pair")
    qtbot.mouseClick(panel.plot("pair").buttons["only a"], Qt.MouseButton.LeftButton)
    assert panel.session.candidate == "a"
    assert panel.asked == [([key("a", 1)], "a finds, b misses")]


def test_other_predictions_can_be_compared_and_stay_chosen(panel):
    truth = discs()
    result = compare({"a": truth, "b": without(truth, 1), "c": without(truth, 1, 2)}, truth)
    look_at(panel, result, "a", "pair")
    box = panel.plot("pair")
    box.choosers[0].setCurrentText("c")
    assert box.agreement.counts["only b"] == 1
    look_at(panel, result.at(0.7), "a")
    assert box.choosers[0].currentText() == "c"


def test_a_prediction_is_never_compared_with_itself_after_others_were_validated(panel):
    truth = discs()
    look_at(panel, pair(), "a", "pair")
    again = compare({"c": truth, "a": without(truth, 3, 4)}, truth)
    look_at(panel, again, "a", "pair")
    box = panel.plot("pair")
    assert [c.currentText() for c in box.choosers] == ["a", "c"]
    assert box.agreement.counts["only b"] == 2


def test_a_frame_that_is_clicked_is_stepped_to_and_the_line_follows_the_viewer(
    panel, viewer, qtbot
):
    stack = np.stack([discs()] * 4)
    viewer.add_labels(stack)
    look_at(panel, compare(stack, stack, "tyx"), "prediction", "frames")
    qtbot.waitUntil(lambda: panel.plot("frames")._marker is not None)
    panel.plot("frames").chosen.emit(3)
    assert viewer.dims.current_step[0] == 3
    viewer.dims.set_current_step(0, 1)
    assert panel.plot("frames")._marker.get_xdata() == [1, 1]


def test_any_score_can_be_drawn_over_frames(panel, qtbot):
    stack = np.stack([discs()] * 4)
    look_at(panel, compare(stack, stack, "tyx"), "prediction", "frames")
    panel.score.setCurrentText("recall")
    plot = panel.plot("frames")
    qtbot.waitUntil(lambda: plot._plot is not None and plot._plot.get_ylabel() == "recall")


def test_plots_follow_the_threshold_once_it_rests(panel, qtbot):
    truth = discs()
    result = compare(np.roll(truth, 2, 1), truth)
    look_at(panel, result, "prediction", "iou")
    plot = panel.plot("iou")
    assert plot._matched.all()
    for threshold in (0.6, 0.8, 0.9):
        panel.session.result = result.at(threshold)
    assert plot._matched.all()
    qtbot.waitUntil(lambda: not plot._matched.any())


def test_a_hidden_panel_makes_no_plot(panel):
    panel.hide()
    look_at(panel, pair(), "a", "iou")
    assert not panel._views
    panel.show()
    assert list(panel._views) == ["iou"]


def test_sizes_have_the_unit_of_the_scale():
    pixels = np.zeros((2, 2))
    um = ("micrometer", "micrometer")
    assert pixel_size(Input("a", pixels, "yx")) == (1, "pixels")
    assert pixel_size(Input("a", pixels[None], "zyx")) == (1, "voxels")
    assert pixel_size(Input("a", pixels, "yx", (0.5, -0.5), units=um)) == (0.25, "µm²")
    volume = Input("a", pixels[None], "zyx", (2, 0.5, 0.5), units=("micrometer", *um))
    assert pixel_size(volume) == (0.5, "µm³")
    mixed = Input("a", pixels, "yx", (0.5, 0.5), units=("pixel", "micrometer"))
    assert pixel_size(mixed) == (1, "pixels")
