"""The threshold is dragged, on the slider or in the curve, and everything follows."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QStyle, QStyleOptionSlider

from builders import discs
from hands import Hand

pytestmark = pytest.mark.gui


@pytest.fixture
def two(desk):
    """Four discs; one prediction finds them shifted by a pixel, the other by two."""
    truth = discs()
    desk.viewer.add_labels(np.roll(truth, 1, 0), name="near")
    desk.viewer.add_labels(np.roll(truth, 2, 0), name="far")
    desk.viewer.add_labels(truth, name="gt")
    desk.validate()
    return desk


def open_curve(desk):
    bar = desk.dock.results.threshold
    desk.click(bar.curve_button)
    desk.qtbot.waitUntil(lambda: bool(bar.curve._tables))
    bar.curve.draw()
    return bar


def f1_of(desk, name):
    return desk.dock.presenter.result.score("f1", name).value


def test_dragging_the_slider_with_the_mouse_moves_scores_then_overlays(two):
    slider = two.dock.results.threshold.slider
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    handle = slider.style().subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    )
    assert two.cell(0, 1) == "1.000"
    overlay = two.viewer.layers["ground-truth objects · near"].data
    assert overlay[9, 9] == 1
    hand = Hand(two.qtbot)
    hand.drag_points(slider, handle.center(), slider.rect().center(), slider.rect().topRight())
    assert two.dock.presenter.result.comparison.settings.iou_threshold == 1
    assert two.cell(0, 1) == "0.000"
    two.qtbot.waitUntil(lambda: overlay[9, 9] == 3)


def test_dragging_the_line_of_the_curve_moves_the_slider_and_the_scores(two):
    bar = open_curve(two)
    assert set(bar.curve._tables) == {"near", "far"}
    hand = Hand(two.qtbot)
    hand.drag(bar.curve, bar.curve._panels[0], (0.5, 0.5), (0.7, 0.5), (0.75, 0.5))
    assert bar.slider.value() == pytest.approx(75, abs=1)
    assert two.dock.panel.choices.iou_threshold == pytest.approx(0.75, abs=0.01)
    assert (f1_of(two, "near"), f1_of(two, "far")) == (1, 0)


def test_the_curve_says_what_the_table_says(two):
    bar = open_curve(two)
    for threshold in (0.35, 0.65, 0.9):
        with two.qtbot.waitSignal(two.dock.presenter.rethresholded):  # below 0.5 from a worker
            bar.slider.setValue(round(100 * threshold))
        for name in ("near", "far"):
            table = bar.curve._tables[name]
            at = table[np.isclose(table["threshold"], threshold)]
            assert at["f1"].tolist() == [f1_of(two, name)]


def test_a_threshold_computes_the_curve_only_once(two, monkeypatch):
    bar = open_curve(two)
    tables = bar.curve._tables
    started = []
    monkeypatch.setattr(bar._job, "start", lambda *args: started.append(args))
    bar.slider.setValue(80)
    assert bar.curve._tables is tables
    assert not started


def test_what_is_drawn_while_the_threshold_moves_shows_the_newest_one(two):
    page, presenter = two.dock.results, two.dock.presenter
    # asked for at 0.5, drawn when the threshold is already higher
    with two.qtbot.waitSignal(presenter.drawn, timeout=120_000):
        presenter.look_at("far")
        page.threshold.slider.setValue(95)
    predicted = two.viewer.layers["predicted objects · far"].data
    assert set(np.unique(predicted)) == {0, 2}


def test_the_slider_moves_with_the_keys(two):
    slider = two.dock.results.threshold.slider
    two.qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert two.dock.presenter.result.comparison.settings.iou_threshold == 0.51


def test_the_curve_follows_the_theme(two):
    bar = open_curve(two)
    dark = bar.curve._figure.get_facecolor()
    two.viewer.theme = "light"
    assert sum(bar.curve._figure.get_facecolor()[:3]) > sum(dark[:3])


def test_the_curve_opens_by_itself_where_there_is_room_and_nobody_closed_it(desk, squares):
    for name, labels in zip(("gt", "unet"), squares, strict=True):
        desk.viewer.add_labels(labels, name=name)
    desk.validate()
    bar = desk.dock.results.threshold
    bar.open_if_fits(100)
    assert not bar._loader.is_busy
    bar.open_if_fits(2000)
    desk.qtbot.waitUntil(bar.curve_button.isChecked, timeout=120_000)
    assert bar.curve.isVisibleTo(bar)
    desk.click(bar.curve_button)
    bar.open_if_fits(2000)
    assert not bar._loader.is_busy
    assert not bar.curve_button.isChecked()
