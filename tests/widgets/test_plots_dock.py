"""Plots beside the Validate dock: one follows the other."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from builders import discs
from hands import Hand

pytestmark = pytest.mark.gui


@pytest.fixture
def plots(desk):
    from napari_verdict.widgets.plots.panel import PlotsPanel

    truth = discs()
    desk.viewer.add_labels(np.where(truth == 4, 0, truth), name="a")
    desk.viewer.add_labels(np.where(truth < 3, 0, truth), name="b")
    desk.viewer.add_labels(truth, name="gt")
    panel = PlotsPanel(desk.viewer)
    desk.viewer.window.add_dock_widget(panel, name="Plots", area="left")
    desk.validate()
    desk.qtbot.waitUntil(lambda: bool(panel.shown))
    return panel


def test_a_result_reaches_the_plots_and_the_threshold_too(desk, plots):
    assert plots.session.candidate == "a"
    desk.qtbot.waitUntil(lambda: "iou" in plots._views)
    desk.dock.results.threshold.slider.setValue(90)
    assert plots.session.result is desk.dock.presenter.result
    desk.qtbot.waitUntil(lambda: plots._views["iou"]._threshold == 0.9)


def test_a_bar_is_clicked_with_the_mouse_and_its_worst_object_is_looked_at(desk, plots):
    desk.qtbot.waitUntil(lambda: "iou" in plots._views)
    plot = plots._views["iou"]
    plot.draw()
    Hand(desk.qtbot).click(plot, plot._plot, 0.02, 0.5)
    assert plots.session.selected.id == 4


def test_a_point_is_clicked_with_the_mouse_and_its_object_is_looked_at(desk, plots):
    plots.chooser.setCurrentIndex(plots.chooser.findData("size"))
    plot = plots._views["size"]
    plot.draw()
    entries = plots._entries()
    row = next(r for r in range(len(entries)) if entries.value[r] == 0)
    Hand(desk.qtbot).click(plot, plot._plot, entries.size[row], 0)
    assert plots.session.selected == entries.key(row)


def test_a_count_turns_to_a_prediction_of_the_pair(desk, plots):
    plots.chooser.setCurrentIndex(plots.chooser.findData("pair"))
    box = plots._views["pair"]
    assert [b.text().split(": ")[1] for b in box.buttons.values()] == ["2", "1", "0", "1"]
    desk.qtbot.mouseClick(box.buttons["only a"], Qt.MouseButton.LeftButton)
    assert plots.session.selected.id in (1, 2)


def test_another_candidate_of_the_session_is_shown_by_the_validate_dock(desk, plots):
    plots.session.candidate = "b"
    assert desk.dock.presenter.candidate == "b"
    assert plots.session.result is desk.dock.presenter.result


def test_a_dock_that_napari_took_away_listens_no_more(desk, plots):
    desk.viewer.window.remove_dock_widget(plots)
    before = dict(plots._views)
    plots.session.result = None
    desk.viewer.theme = "light"
    assert plots._views == before
    plots.deleteLater()


def test_the_keys_of_the_hunt_work_from_a_plot(desk, plots):
    desk.inspect()
    plots.session.candidate = "b"  # it misses two
    desk.qtbot.waitUntil(lambda: "iou" in plots._views)
    desk.qtbot.keyClick(plots._views["iou"], "N")
    first = plots.session.selected
    assert first is not None
    desk.qtbot.keyClick(plots, "N")
    assert plots.session.selected != first
    desk.qtbot.keyPress(plots._views["iou"], "G")
    assert next(x.name for x in desk.viewer.layers if x.visible) == "gt"
    desk.qtbot.keyRelease(plots._views["iou"], "G")
    assert not desk.viewer.layers["gt"].visible
