"""Regions, ignore masks and the objects that count, chosen in the dock as a person would."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.viewer.result_layers import find
from napari_verdict.widgets.words import rows_of

pytestmark = pytest.mark.gui


def add(desk, squares):
    gt, pred = squares
    desk.viewer.add_labels(pred, name="unet")
    desk.viewer.add_labels(gt, name="gt")


def pick(combo, text):
    """Choose an entry as a person does: by the keyboard."""
    combo.setFocus()
    index = combo.findText(text)
    assert index >= 0, [combo.itemText(i) for i in range(combo.count())]
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def drag(desk, start, end):
    """Drag the mouse over the canvas from a position of the world (y, x) to another."""
    canvas = desk.viewer.window._qt_viewer.canvas
    native, camera = canvas.native, desk.viewer.scene.camera

    def at(world):
        middle = np.array([native.height(), native.width()]) / 2
        y, x = middle + (np.array(world) - camera.center[-2:]) * camera.zoom
        return QPoint(round(x), round(y))

    path = [at(start), (at(start) + at(end)) / 2, at(end)]
    left, none, kind = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, QEvent.Type
    # moves of QTest hold no button
    for event, point, button in (
        (kind.MouseMove, path[0], none),
        (kind.MouseButtonPress, path[0], left),
        *((kind.MouseMove, p, none) for p in path[1:]),
        (kind.MouseButtonRelease, path[-1], left),
    ):
        held = none if event == kind.MouseButtonRelease or point == path[0] else left
        held = left if event == kind.MouseButtonPress else held
        place = QPointF(point), QPointF(native.mapToGlobal(point))
        made = QMouseEvent(event, *place, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(native, made)
        desk.qtbot.wait(30)


def region_rows(desk):
    """What the table of regions shows: name and scores of each."""
    model = desk.dock.results.regions.table.model()
    return {
        model.headerData(i, Qt.Orientation.Vertical): [
            model.data(model.index(i, k)) for k in range(model.columnCount())
        ]
        for i in range(model.rowCount())
    }


def choose_region(desk, row):
    """Click a row of the table of regions."""
    table = desk.dock.results.regions.table
    desk.qtbot.waitUntil(table.isVisible)
    at = table.visualRect(table.model().index(row, 0)).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_several_regions_give_a_row_each_and_the_one_that_is_chosen_its_scores(desk, squares):
    add(desk, squares)
    quarters = np.zeros((40, 40), np.uint8)
    quarters[:18], quarters[18:] = 1, 2
    desk.viewer.add_labels(quarters, name="half")
    pick(desk.dock.panel.regions.region, "half")
    desk.validate()
    assert region_rows(desk) == {
        "whole image": ["0.500"],
        "half 1": ["1.000"],
        "half 2": ["0.000"],
    }
    choose_region(desk, 2)
    assert desk.cell(0, 0) == "0.000"
    table = desk.dock.results.regions.table
    desk.qtbot.keyClick(table, Qt.Key.Key_Up)
    assert desk.cell(0, 0) == "1.000"
    scores = desk.dock.results.table
    row = [r.metric for r in rows_of(desk.dock.presenter.result)].index("fn")
    scores.clicked.emit(scores.model().index(row, 0))
    assert region_rows(desk) == {"whole image": ["1"], "half 1": ["0"], "half 2": ["1"]}
    with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded):
        desk.dock.results.threshold.slider.setValue(95)
    assert region_rows(desk)["half 1"] == ["1"]
    desk.validate()
    assert desk.dock.results.regions.region == "half 1"


def test_a_rectangle_drawn_by_mouse_has_a_row_of_its_own(desk, squares):
    add(desk, squares)
    shapes = desk.viewer.add_shapes(name="left", ndim=2)
    desk.viewer.reset_view()
    desk.qtbot.wait(100)
    shapes.mode = "add_rectangle"
    drag(desk, (1, 1), (36, 17))
    assert np.allclose(shapes.data[0].min(axis=0), (1, 1), atol=0.5)
    assert np.allclose(shapes.data[0].max(axis=0), (36, 17), atol=0.5)
    pick(desk.dock.panel.regions.region, "left")
    result = desk.validate()
    assert result.score("n_gt", "unet", region="left").value == 1
    assert result.score("n_gt", "unet").value == 2
    choose_region(desk, 1)
    f1 = result.score("f1", "unet", region="left").value
    assert desk.cell(0, 0) == f"{f1:.3f}"
    assert f1 != result.score("f1", "unet").value


def test_a_moved_shape_and_a_painted_mask_make_the_result_out_of_date(desk, squares):
    add(desk, squares)
    box = np.array([(0, 0), (0, 18), (18, 18), (18, 0)])
    shapes = desk.viewer.add_shapes([box], shape_type="rectangle", name="corner")
    mask = desk.viewer.add_labels(np.zeros((40, 40), np.uint8), name="unclear")
    mask.data[20:, :18] = 1
    pick(desk.dock.panel.regions.region, "corner")
    pick(desk.dock.panel.regions.ignore, "unclear")
    result = desk.validate()
    assert result.score("fp", "unet").value == 0  # the extra square is unclear
    assert desk.dock.presenter.out_of_date == []
    shapes.data = [box + 1]
    assert desk.dock.presenter.out_of_date == ["corner"]
    shapes.data = [box]
    assert desk.dock.presenter.out_of_date == []
    mask.fill((30, 3), 0)
    assert desk.dock.presenter.out_of_date == ["unclear"]
    mask.undo()
    assert desk.dock.presenter.out_of_date == []


def test_the_current_view_limits_the_evaluation(desk, squares):
    add(desk, squares)
    desk.viewer.scene.camera.center = (9, 9)
    desk.viewer.scene.camera.zoom = 60
    pick(desk.dock.panel.regions.region, "current view")
    result = desk.validate()
    assert result.score("n_gt", "unet", region="current view").value == 1


def test_what_is_ignored_is_chosen_in_the_settings_and_said_in_their_title(desk, squares):
    gt, pred = squares
    gt[0:6, 34:40] = 5  # at the border
    add(desk, (gt, pred))
    counted = desk.dock.panel.settings.counted
    desk.dock.panel.settings.expand(animate=False)
    desk.click(counted.border)
    counted.size.setFocus()
    counted.size.selectAll()
    desk.qtbot.keyClicks(counted.size, "40")
    desk.qtbot.keyClick(counted.size, Qt.Key.Key_Tab)
    result = desk.validate()
    assert result.score("n_gt", "unet").value == 2
    assert result.score("fp", "unet").value == 0  # 36 pixels are too few
    assert desk.dock.panel.settings.text().endswith("border ignored · from 40 px")
    hover = desk.dock.presenter._hover
    assert "ignored: touches the border" in hover.describe((2, 37))
    widget = desk.inspect()
    key = EntryKey("unet", "ground truth", (), 5)
    widget.session.selected = key
    assert "touches the border" in widget.here.text()


def test_sparse_ground_truth_greys_out_what_it_cannot_tell(desk, squares):
    add(desk, squares)
    desk.dock.panel.settings.expand(animate=False)
    desk.click(desk.dock.panel.settings.counted.sparse)
    result = desk.validate()
    model = desk.dock.results.table.model()
    assert desk.cell(0, 0) == "undefined"  # F1
    tip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert "ground truth is sparse" in tip
    brush = model.data(model.index(0, 0), Qt.ItemDataRole.ForegroundRole)
    assert brush.color().name() == "#808080"
    assert result.score("recall", "unet").value == 0.5
    assert "misses 1 of 2 labelled objects" in result.verdict
    widget = desk.inspect()
    assert widget.count.text() == "1 of 4 listed"  # the one that is missed
    chips = {k: c for k, c in widget.bar.chips.chips.items() if not c.isHidden()}
    assert (chips["not labelled"].text(), chips["not labelled"].isChecked()) == (
        "NL not labelled 1",
        False,
    )


def test_a_region_that_cannot_be_is_refused_and_nothing_is_lost(desk, squares):
    add(desk, squares)
    result = desk.validate()
    desk.viewer.add_shapes([[(1, 1), (9, 9)]], shape_type="line", name="path")
    pick(desk.dock.panel.regions.region, "path")
    desk.click(desk.dock.validate)
    assert "encloses an area" in desk.said
    assert desk.dock.presenter.result is result


def test_a_region_whose_layer_goes_away_is_the_whole_again(desk, squares):
    add(desk, squares)
    shapes = desk.viewer.add_shapes([[(0, 0), (9, 9)]], shape_type="rectangle", name="box")
    pick(desk.dock.panel.regions.region, "box")
    shapes.name = "renamed"
    assert desk.dock.panel.regions.region.currentText() == "renamed"
    desk.viewer.window._qt_window.hide()
    desk.viewer.layers.remove(shapes)
    assert desk.dock.panel.regions.region.currentText() == "whole image"
    assert desk.validate().comparison.regions == ()


def add_points(desk):
    axes = {"axis_labels": ("y", "x")}
    desk.viewer.add_image(np.zeros((40, 60)), name="raw", **axes)
    truth = np.array([(5.0, 5), (5, 19), (15, 30), (30, 50)])
    found = np.array([(5.0, 6), (5, 21), (8, 35), (30, 51)])
    desk.viewer.add_points(truth, name="gt", **axes)
    desk.viewer.add_points(found, name="spots", **axes)
    desk.dock.panel.settings.radius.setValue(3)


def test_detections_have_regions_and_an_ignore_mask_too(desk):
    add_points(desk)
    wells = np.zeros((40, 60), np.uint8)
    wells[:, :20], wells[:, 20:] = 1, 2
    desk.viewer.add_labels(wells, name="wells")
    mask = desk.viewer.add_labels(np.zeros((40, 60), np.uint8), name="unclear")
    mask.data[25:] = 1
    pick(desk.dock.panel.regions.region, "wells")
    pick(desk.dock.panel.regions.ignore, "unclear")
    result = desk.validate()
    assert result.score("n_gt", "spots").value == 3
    assert result.score("tp", "spots", region="wells 1").value == 2
    choose_region(desk, 2)
    assert desk.cell(0, 0) == "0.000"  # F1
    listed = desk.inspect()
    assert "ignored 2" in listed.bar.chips.chips["ignored"].text()
    mask.fill((30, 3), 0)
    assert desk.dock.presenter.out_of_date == ["unclear"]


def test_a_sparse_ground_truth_of_points_leaves_precision_undefined(desk):
    add_points(desk)
    desk.dock.panel.settings.expand(animate=False)
    sparse = desk.dock.panel.settings.counted.sparse
    desk.qtbot.waitUntil(lambda: sparse.height() > 0)
    desk.click(sparse)
    assert desk.dock.panel.settings.text().endswith("radius 3 · sparse")
    result = desk.validate()
    assert desk.cell(0, 0) == "undefined"  # F1
    assert result.score("recall", "spots").value == 0.75
    drawn = find(desk.viewer, "spots", "detections")
    assert "not labelled" in set(drawn.features["kind"])
    assert "extra" not in set(drawn.features["kind"])


def test_a_rectangle_limits_detections(desk):
    add_points(desk)
    box = np.array([(0, 0), (0, 18), (18, 18), (18, 0)])
    shapes = desk.viewer.add_shapes([box], shape_type="rectangle", name="corner")
    pick(desk.dock.panel.regions.region, "corner")
    result = desk.validate()
    assert result.score("n_gt", "spots", region="corner").value == 1
    shapes.data = [box + 1]
    assert desk.dock.presenter.out_of_date == ["corner"]
