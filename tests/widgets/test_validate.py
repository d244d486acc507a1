"""The dock does the main job: choose, validate, see scores, maps and overlays."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFrame,
    QScrollBar,
    QWidget,
)

pytestmark = pytest.mark.gui


def add_triplet(desk, triplet):
    gt, raw, prediction = triplet
    desk.viewer.add_image(raw, name="raw")
    desk.viewer.add_image(prediction, name="cnn")
    desk.viewer.add_image(gt, name="gt")


def add_squares(desk, squares):
    gt, pred = squares
    desk.viewer.add_labels(pred, name="unet")
    desk.viewer.add_labels(gt, name="gt")


def test_one_click_gives_scores_and_maps(desk, triplet):
    add_triplet(desk, triplet)
    result = desk.validate()
    assert result.comparison.ground_truth.name == "gt"
    assert desk.results == ["gain · cnn", "RSE · cnn", "SSIM · cnn"]
    assert "nearer to the ground truth than raw" in desk.dock.results.verdict.text()
    assert desk.cell(0, 1) == f"▲{result.score('ssim', 'cnn').value:.3f}"
    assert desk.cell(0, 0) == f"{result.score('ssim', 'raw').value:.3f}"


def test_one_click_gives_objects_and_overlays(desk, squares):
    add_squares(desk, squares)
    result = desk.validate()
    assert (result.score("tp", "unet").value, result.score("fn", "unet").value) == (1, 1)
    assert desk.results == ["ground-truth objects · unet", "predicted objects · unet"]
    assert not desk.viewer.layers["gt"].visible


def test_return_validates(desk, squares):
    add_squares(desk, squares)
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=120_000):
        desk.qtbot.keyClick(desk.dock.validate, Qt.Key.Key_Return)
    assert desk.results


def test_again_is_in_place(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    layers = list(desk.viewer.layers)
    desk.validate()
    assert list(desk.viewer.layers) == layers


def test_a_click_on_a_score_shows_where_it_comes_from(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    table = desk.dock.results.table
    index = table.model().index(1, 0)  # NRMSE of raw
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=10_000):
        desk.qtbot.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center()
        )
    assert desk.viewer.layers["RSE · raw"].visible
    assert not desk.viewer.layers["RSE · cnn"].visible
    assert desk.dock.results.show_box.candidate.currentText() == "raw"


def test_hovering_explains_a_score_and_its_convention(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    model = desk.dock.results.table.model()
    text = model.data(model.index(0, 1), Qt.ItemDataRole.ToolTipRole)
    assert "Laine 2021" in text
    assert "Structure" in text


def test_the_sentence_leads_to_layers(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    desk.viewer.layers["gain · cnn"].visible = False
    desk.dock.results.verdict.linkActivated.emit("gain\ncnn")
    assert desk.viewer.layers["gain · cnn"].visible
    assert desk.viewer.layers[-1].name == "gain · cnn"


def test_check_boxes_and_eyes_agree(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    boxes = desk.dock.results.show_box.boxes
    assert boxes["ssim"].isChecked()
    desk.viewer.layers["SSIM · cnn"].visible = False
    assert not boxes["ssim"].isChecked()
    desk.click(boxes["ssim"])
    assert desk.viewer.layers["SSIM · cnn"].visible
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=10_000):
        desk.click(boxes["difference"])
    assert desk.viewer.layers[-1].name == "difference · cnn"


def test_the_threshold_is_live(desk, squares):
    add_squares(desk, squares)
    desk.validate()
    truth = desk.viewer.layers["ground-truth objects · unet"]
    pixels = truth.data
    assert pixels[8, 8] == 1
    with desk.qtbot.waitSignal(desk.dock.results.threshold_moved, timeout=5_000):
        desk.dock.results.threshold.slider.setValue(95)
    assert truth.data is pixels
    desk.qtbot.waitUntil(lambda: pixels[8, 8] == 3)  # one turn of the event loop later
    assert desk.dock.presenter.result.score("tp", "unet").value == 0
    assert "0.95" in desk.dock.results.verdict.text()
    assert desk.dock.panel.choices.iou_threshold == 0.95


def test_the_table_is_copied_in_full(desk, squares):
    add_squares(desk, squares)
    result = desk.validate()
    desk.qtbot.keyClick(desk.dock.results.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "metric\tunet"
    assert lines[1] == f"F1\t{result.score('f1', 'unet').value!r}"


def test_results_are_saved(desk, triplet, tmp_path):
    add_triplet(desk, triplet)
    desk.validate()
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path / "out")
    assert (tmp_path / "out" / "results.json").exists()
    assert list((tmp_path / "out").glob("map_ssim_*.ome.tif"))


def test_validating_while_it_saves_spoils_neither(desk, triplet, tmp_path):
    add_triplet(desk, triplet)
    desk.validate()
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path / "out")
        assert not desk.dock.results.save.isEnabled()
        desk.click(desk.dock.validate)
    desk.qtbot.waitUntil(lambda: not desk.dock.job.is_busy, timeout=120_000)
    assert (tmp_path / "out" / "results.json").is_file()
    assert desk.dock.results.save.isEnabled()


def test_a_folder_that_cannot_be_written_is_said(desk, triplet, tmp_path):
    add_triplet(desk, triplet)
    desk.validate()
    (tmp_path / "file").write_text("in the way")
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path / "file")
    assert "file" in desk.said


def test_painting_makes_results_out_of_date_and_refreshing_mends_it(desk, squares):
    add_squares(desk, squares)
    desk.validate()
    gt = desk.viewer.layers["gt"]
    gt.data_setitem((np.array([0]), np.array([0])), 5)
    assert "gt" in desk.dock.results.stale.text()
    assert all("out of date" in name for name in desk.results)
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=120_000):
        desk.click(desk.dock.results.refresh)
    assert desk.dock.results.stale.isHidden()
    assert not any("out of date" in name for name in desk.results)
    assert desk.dock.presenter.result.score("n_gt", "unet").value == 3


def test_side_by_side_gives_each_its_panel_and_back(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    desk.click(desk.dock.results.show_box.grid)
    assert desk.viewer.canvas.grid.enabled
    assert desk.viewer.layers["gain · cnn"].colorbar.visible
    desk.click(desk.dock.results.show_box.grid)
    assert not desk.viewer.canvas.grid.enabled


@pytest.mark.parametrize("case", ["dsb2018", "ovule3d", "platynereis3d"])
def test_expected_numbers_of_real_labels_through_the_dock(desk, read_shared, case):
    expected = read_shared(f"{case}/expected.json")["predictions"]
    gt = read_shared(f"{case}/gt_labels.ome.tif")
    axes = ("z", "y", "x")[-gt.ndim :]
    desk.viewer.add_labels(gt, name="gt_labels", axis_labels=axes)
    for name in expected:
        desk.viewer.add_labels(read_shared(f"{case}/{name}"), name=name, axis_labels=axes)
    result = desk.validate()
    for name, want in expected.items():
        for metric in ("tp", "fp", "fn", "precision", "recall", "f1", "accuracy"):
            assert result.score(metric, name).value == pytest.approx(want["at_0.5"][metric])
        assert result.score("iou", name).value == pytest.approx(want["binary"]["iou"], rel=1e-12)


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_expected_numbers_of_real_restorations_through_the_dock(desk, read_shared, case):
    expected = read_shared(f"denoising/{case}/expected.json")["scores"]
    del expected["gt_itself"]
    for name in ("gt", *expected):
        desk.viewer.add_image(read_shared(f"denoising/{case}/{name}.ome.tif"), name=name)
    result = desk.validate()
    ids = {"ssim": "mSSIM", "nrmse": "NRMSE", "psnr": "PSNR", "pearson": "PCC"}
    for name, want in expected.items():
        for metric, key in ids.items():
            assert result.score(metric, name).value == pytest.approx(want[key], rel=1e-9)


def test_without_ground_truth_it_inspects_and_gives_no_score(desk, triplet):
    _, raw, prediction = triplet
    desk.viewer.add_image(raw, name="raw")
    desk.viewer.add_image(prediction, name="cnn")
    page = desk.dock.inspection
    assert page.isVisible()
    assert desk.dock.validate.text() == "Check against raw"
    desk.click(page.flip)
    assert [x.visible for x in desk.viewer.layers] == [True, False]
    desk.click(page.flip)
    assert [x.visible for x in desk.viewer.layers] == [False, True]
    desk.click(page.difference)
    desk.qtbot.waitUntil(lambda: len(desk.viewer.layers) == 3, timeout=120_000)
    assert desk.viewer.layers[-1].name == "minus raw · cnn"


def test_holding_the_key_shows_raw_from_the_dock(desk, triplet):
    _, raw, prediction = triplet
    desk.viewer.add_image(raw, name="raw")
    desk.viewer.add_image(prediction, name="cnn")
    desk.qtbot.keyPress(desk.dock, Qt.Key.Key_H)
    assert [x.visible for x in desk.viewer.layers] == [True, False]
    desk.qtbot.keyRelease(desk.dock, Qt.Key.Key_H)
    assert [x.visible for x in desk.viewer.layers] == [True, True]


def test_a_held_key_ends_when_the_window_loses_the_focus(desk, triplet):
    _, raw, prediction = triplet
    desk.viewer.add_image(raw, name="raw")
    desk.viewer.add_image(prediction, name="cnn")
    desk.qtbot.keyPress(desk.dock, Qt.Key.Key_H)
    assert [x.visible for x in desk.viewer.layers] == [True, False]
    QApplication.sendEvent(desk.dock, QEvent(QEvent.Type.WindowDeactivate))
    assert [x.visible for x in desk.viewer.layers] == [True, True]


def test_unknown_axes_are_asked_for_and_answered_by_a_click(desk, rng):
    gt = (rng.random((4, 24, 24)) > 0.5).astype(np.uint8)
    gt[:, ::2] *= 2
    desk.viewer.add_labels(gt, name="gt")
    desk.viewer.add_labels(gt, name="unet")
    assert "unknown-axes" in desk.codes
    buttons = [
        b
        for b in desk.dock.panel.findings.findChildren(QAbstractButton)
        if b.property("remedy") == "axis:z"
    ]
    desk.click(buttons[0])
    assert "unknown-axes" not in desk.codes
    assert desk.validate().comparison.ground_truth.axes == "zyx"


def test_stacks_have_a_curve_over_planes(desk, rng):
    gt = rng.random((4, 24, 24))
    labels = {"axis_labels": ("z", "y", "x")}
    desk.viewer.add_image(gt + 0.1 * rng.random(gt.shape), name="cnn", **labels)
    desk.viewer.add_image(gt, name="gt", **labels)
    desk.validate()
    bar = desk.dock.results.threshold
    assert bar.curve_button.isVisible()
    assert not bar.slider.isVisible()
    desk.click(bar.curve_button)
    bar.frames.chosen.emit(2)
    assert desk.viewer.dims.current_step[0] == 2


def test_detections_ask_for_a_radius_and_are_drawn(desk):
    desk.viewer.add_points(np.array([[1.0, 1], [30, 30]]), name="gt", axis_labels=("y", "x"))
    desk.viewer.add_points(np.array([[1.0, 2], [9, 9]]), name="spots", axis_labels=("y", "x"))
    assert "radius" in desk.refused().lower()
    desk.dock.panel.settings.radius.setValue(3)
    result = desk.validate()
    assert result.score("tp", "spots").value == 1
    assert desk.results == ["detections · spots"]


def test_every_control_has_a_tooltip_and_a_name(desk, squares):
    add_squares(desk, squares)
    desk.validate()
    kinds = (QAbstractButton, QComboBox, QAbstractSlider, QAbstractSpinBox, QAbstractItemView)
    controls = [
        w
        for w in desk.dock.findChildren(QWidget)
        if isinstance(w, kinds)
        and not isinstance(w, QScrollBar)
        and not isinstance(w.parent(), QAbstractItemView | QComboBox | QFrame)
    ]
    assert len(controls) > 15
    for control in controls:
        assert control.toolTip(), control
        assert control.accessibleName() or control.text(), control


def test_return_on_a_score_shows_it(desk, triplet):
    add_triplet(desk, triplet)
    desk.validate()
    table = desk.dock.results.table
    table.setCurrentIndex(table.model().index(1, 1))
    desk.qtbot.keyClick(table, Qt.Key.Key_Return)
    assert desk.viewer.layers[-1].name == "RSE · cnn"
    assert not desk.dock.job.is_busy


def test_the_task_can_be_chosen_by_hand(desk, squares):
    add_squares(desk, squares)
    assert desk.dock.panel.task.currentText() == "Instances (labels hold several ids)"
    desk.choose_task("Classes")
    result = desk.validate()
    assert result.comparison.task == "semantic"
    assert desk.cell(0, 0) == f"{result.score('miou', 'unet').value:.3f}"
    desk.choose_task("")
    assert desk.dock.panel.choices.effective_task()[0] == "instances"


def test_the_fields_of_all_choosers_are_aligned(desk):
    panel = desk.dock.panel
    fields = (panel.layers.ground_truth, panel.regions.region, panel.regions.ignore, panel.task)
    assert len({field.mapTo(panel, QPoint(0, 0)).x() for field in fields}) == 1


def test_a_threshold_that_is_moved_during_a_run_holds_after_it(desk, squares):
    desk.add(squares)
    desk.validate()
    bar, presenter = desk.dock.results.threshold, desk.dock.presenter
    with desk.qtbot.waitSignal(presenter.drawn, timeout=120_000):
        desk.click(desk.dock.validate)
        bar.slider.setValue(95)
    desk.qtbot.waitUntil(lambda: presenter.result.comparison.settings.iou_threshold == 0.95)
    assert (bar.slider.value(), desk.dock.panel.choices.iou_threshold) == (95, 0.95)
    assert presenter.result.score("tp", "unet").value == 0


def test_predictions_are_ticked_one_after_another_by_keys_alone(desk, squares):
    gt, pred = squares
    for name in ("unet", "stardist", "cellpose"):
        desk.viewer.add_labels(pred.copy(), name=name)
    desk.viewer.add_labels(gt, name="gt")
    listed = desk.dock.panel.layers.predictions
    listed.setFocus()
    listed.setCurrentRow(0)
    for _ in range(listed.count()):
        before = listed.currentItem().checkState()
        desk.qtbot.keyClick(listed, Qt.Key.Key_Space)
        assert listed.currentItem().checkState() != before
        desk.qtbot.keyClick(listed, Qt.Key.Key_Space)
        assert listed.currentItem().checkState() == before
        desk.qtbot.keyClick(listed, Qt.Key.Key_Down)
    assert listed.currentItem().text() == listed.item(listed.count() - 1).text()
