"""The hunt: from the list to the pixels and back, by mouse and by keys."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QWidget,
)

from napari_verdict.comparison.entries import EntryKey, Filter
from napari_verdict.viewer.fly import View
from napari_verdict.viewer.grid import Desk
from napari_verdict.widgets.docks import dock_of, open_inspect
from napari_verdict.widgets.entry_model import KIND, OBJECT, SIZE
from napari_verdict.widgets.session import session_of

pytestmark = pytest.mark.gui


def objects(widget):
    model = widget.table.entry_model
    return [model.data(model.index(i, OBJECT)) for i in range(model.rowCount())]


def click_row(desk, widget, position):
    rect = widget.table.visualRect(widget.table.entry_model.index(position, KIND))
    desk.qtbot.mouseClick(
        widget.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center() + QPoint(20, 0)
    )


def key(desk, widget, letter, modifier=Qt.KeyboardModifier.NoModifier):
    desk.qtbot.keyClick(widget, letter, modifier)


def outline_of(desk):
    (layer,) = [x for x in desk.viewer.layers if x.name.startswith("looking at")]
    return layer


def selected(widget):
    return widget.session.selected


def click_image(desk, position, drag=0):
    """Press and release the mouse over a position (t, y, x), which is brought to the middle."""
    viewer = desk.viewer
    if viewer.dims.ndim > 2:
        viewer.dims.set_current_step(0, position[0])
    viewer.scene.camera.center = (0, *position[1:])
    viewer.scene.camera.zoom = 8
    canvas = viewer.window._qt_viewer.canvas.native
    middle, left = canvas.rect().center(), Qt.MouseButton.LeftButton
    desk.qtbot.mouseMove(canvas, middle)
    desk.qtbot.mousePress(canvas, left, pos=middle)
    if drag:
        desk.qtbot.mouseMove(canvas, middle + QPoint(drag, drag))
        desk.qtbot.mouseMove(canvas, middle + QPoint(2 * drag, 2 * drag))
    desk.qtbot.mouseRelease(canvas, left, pos=middle + 2 * QPoint(drag, drag))


# ---- the list


def test_it_says_what_to_do_first(make_napari_viewer):
    viewer = make_napari_viewer()
    widget = open_inspect(viewer)
    assert widget.empty.text().startswith("Validate first")
    assert not widget.buttons.next.isEnabled()


def test_what_is_wrong_is_listed_worst_first(inspect):
    assert objects(inspect) == ["GT 2", "GT 3", "pred 8", "pred 9", "pred 11"]
    assert inspect.count.text() == "5 of 7 listed"
    assert {k: c.text() for k, c in inspect.bar.chips.chips.items() if not c.isHidden()} == {
        "matched": "TP matched 2", "missed": "FN missed 1", "extra": "FP extra 1",
        "split": "S split 3",
    }  # fmt: skip


def test_chips_filter_with_a_click_with_space_and_alone_with_ctrl(desk, inspect):
    chips = inspect.bar.chips.chips
    desk.click(chips["split"])
    assert objects(inspect) == ["GT 2", "pred 11"]
    chips["matched"].setFocus()
    desk.qtbot.keyClick(chips["matched"], Qt.Key.Key_Space)
    assert objects(inspect)[-2:] == ["GT 1", "pred 7"]
    desk.qtbot.mouseClick(
        chips["extra"], Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
    )
    assert objects(inspect) == ["pred 11"]
    desk.click(inspect.bar.reset)
    assert len(objects(inspect)) == 5


def test_text_and_size_filter(desk, inspect):
    desk.qtbot.keyClicks(inspect.bar.text, "3")
    assert objects(inspect) == ["GT 3"]
    inspect.bar.text.clear()
    inspect.bar.least.selectAll()
    desk.qtbot.keyClicks(inspect.bar.least, "100")
    desk.qtbot.keyClick(inspect.bar.least, Qt.Key.Key_Return)
    assert objects(inspect) == ["GT 2", "GT 3"]
    desk.qtbot.keyClicks(inspect.bar.text, "nowhere")
    assert "Nothing is left by the filter" in inspect.empty.text()
    desk.click(inspect.bar.reset)
    assert len(objects(inspect)) == 5


def test_a_click_on_a_header_sorts(desk, inspect):
    header = inspect.table.horizontalHeader()
    x = header.sectionViewportPosition(SIZE) + 10
    desk.qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, header.height() // 2)
    )
    assert objects(inspect)[0] == "pred 11"
    desk.click(inspect.bar.reset)
    assert objects(inspect)[0] == "GT 2"


def test_a_perfect_prediction_has_nothing_to_list(desk, cells):
    desk.add((cells[0], cells[0]))
    desk.validate()
    widget = open_inspect(desk.viewer)
    assert widget.empty.text() == "Nothing is wrong at IoU 0.50."
    assert not widget.table.isVisible()


def test_detections_are_listed_and_flown_to(desk):
    axes = {"axis_labels": ("y", "x")}
    desk.viewer.add_image(np.zeros((64, 64)), name="raw", **axes)
    desk.viewer.add_points(np.array([[1.0, 1], [30, 30]]), name="gt", **axes)
    desk.viewer.add_points(np.array([[1.0, 2], [9, 9]]), name="spots", **axes)
    desk.dock.panel.settings.radius.setValue(3)
    desk.validate()
    widget = open_inspect(desk.viewer)
    assert objects(widget) == ["GT 1", "pred 1"]
    click_row(desk, widget, 0)
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((30, 30))


def restored(desk, triplet):
    gt, raw, prediction = (x.copy() for x in triplet)
    prediction[20:30, 30:40] += 400
    for name, image in (("raw", raw), ("cnn", prediction), ("gt", gt)):
        desk.viewer.add_image(image, name=name)
    desk.validate()
    widget = open_inspect(desk.viewer)
    widget.places.scale.setValue(8)
    desk.qtbot.waitUntil(lambda: widget.entries is not None, timeout=120_000)
    return widget


def test_a_planted_artefact_of_a_restoration_is_first_and_boxed(desk, triplet):
    widget = restored(desk, triplet)
    assert widget.entries.kinds[widget.entries.kind[0]] == "too bright"
    click_row(desk, widget, 0)
    y, x = desk.viewer.scene.camera.center[-2:]
    assert 18 < y < 32
    assert 28 < x < 42
    assert outline_of(desk).name == "looking at · too bright, place 1"
    assert not widget.bar.least.isVisible()


def test_a_score_of_a_restoration_asks_for_the_places_behind_it(desk, triplet):
    widget = restored(desk, triplet)
    for metric, name in (("ssim", "local SSIM"), ("rmse", "local RSE"), ("skill", "local gain")):
        desk.dock.results.inspect("cnn", metric)
        desk.qtbot.waitUntil(
            lambda name=name: widget.entries is not None and widget.entries.value_name == name,
            timeout=120_000,
        )
    click_image(desk, (0, 24, 34))
    assert selected(widget).role == "place"


def test_places_worse_than_raw_are_not_offered_for_raw(desk, triplet):
    widget = restored(desk, triplet)
    desk.dock.presenter.look_at("raw")
    assert widget.places.by.findData("worse than raw") == -1
    assert widget.candidate.currentText() == "raw"
    widget.session.candidate = "cnn"
    assert widget.places.by.findData("worse than raw") >= 0


def test_rankings_are_those_there_are():
    from napari_verdict.comparison.restoration import places
    from napari_verdict.viewer.kinds import KINDS
    from napari_verdict.widgets.place_chooser import RANKINGS

    assert list(RANKINGS) == list(places.RANKINGS)
    assert set(places.KINDS) <= set(KINDS)


def test_tasks_without_objects_say_so(desk):
    mask = np.zeros((20, 20), np.uint8)
    mask[4:9, 4:9] = 1
    for name in ("gt", "unet"):
        desk.viewer.add_labels(mask, name=name, axis_labels=("y", "x"))
    desk.validate()
    assert "no objects to list" in open_inspect(desk.viewer).empty.text()


# ---- to the image


def test_a_row_leads_to_its_place_and_outlines_it(desk, inspect):
    click_row(desk, inspect, 1)
    assert desk.viewer.dims.current_step[0] == 1
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((24.5, 19.5))
    assert outline_of(desk).name == "looking at · split, ground truth 3"
    assert selected(inspect) == EntryKey("unet", "ground truth", (1,), 3)
    assert inspect.here.text().startswith("split: GT 3")


def test_arrow_keys_go_from_row_to_row(desk, inspect):
    click_row(desk, inspect, 0)
    desk.qtbot.keyClick(inspect.table, Qt.Key.Key_Down)
    assert selected(inspect).id == 3
    assert desk.viewer.dims.current_step[0] == 1


def test_units_that_disagree_do_not_lead_astray(desk, cells):
    gt, pred = cells
    gt, pred = np.moveaxis(gt, 0, 0), pred
    axes = {"axis_labels": ("z", "y", "x"), "scale": (0.5, 0.1, 0.1), "units": ("µm",) * 3}
    desk.viewer.add_image(
        np.zeros(gt.shape), name="raw", axis_labels=("z", "y", "x"), scale=(500, 100, 100),
        units=("nm",) * 3,
    )  # fmt: skip
    desk.viewer.add_labels(pred, name="unet", **axes)
    desk.viewer.add_labels(gt, name="gt", **axes)
    desk.validate()
    widget = open_inspect(desk.viewer)
    widget.session.selected = EntryKey("unet", "ground truth", (), 3)
    assert desk.viewer.dims.current_step[0] == 1
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((2450, 1950))


# napari says so of the overlay that is drawn as contours
@pytest.mark.filterwarnings("ignore:Contours are not displayed")
def test_in_3d_the_place_is_centred_and_outlined(desk, inspect):
    desk.viewer.dims.ndisplay = 3
    click_row(desk, inspect, 0)
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((45.5, 45.5))
    assert outline_of(desk).visible


def test_back_returns_to_where_one_was(desk, inspect):
    before = View.of(desk.viewer)
    click_row(desk, inspect, 0)
    click_row(desk, inspect, 1)
    desk.click(inspect.buttons.back)
    assert View.of(desk.viewer) == before
    assert not inspect.buttons.back.isEnabled()


def test_painting_goes_on_where_it_was(desk, inspect):
    gt = desk.viewer.layers["gt"]
    gt.visible = True
    desk.viewer.layers.selection.active = gt
    gt.mode = "paint"
    click_row(desk, inspect, 0)
    assert desk.viewer.layers.selection.active is gt
    assert gt.mode == "paint"


def test_the_selected_row_is_kept_when_the_threshold_moves(desk, inspect):
    def move(threshold):
        with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded, timeout=60_000):
            desk.dock.presenter.rethreshold(threshold)

    move(0.4)
    assert "GT 3" not in objects(inspect)  # a match now
    inspect.session.selected = EntryKey("unet", "ground truth", (1,), 3)
    assert "leaves it out" in inspect.here.text()
    move(0.5)
    assert objects(inspect)[inspect.table.position] == "GT 3"
    assert selected(inspect).id == 3


# ---- from the image


def test_a_click_in_the_image_selects_the_row(desk, inspect):
    click_image(desk, (0, 45, 45))
    assert objects(inspect)[inspect.table.position] == "GT 2"
    assert outline_of(desk).name.endswith("ground truth 2")
    assert desk.viewer.scene.camera.center[-2:] == pytest.approx((45, 45))  # nothing moved


def test_a_second_click_turns_to_the_other_object_there(desk, inspect):
    for want in ("ground truth", "prediction", "ground truth"):
        click_image(desk, (1, 25, 12))
        assert selected(inspect).role == want


def test_a_drag_selects_nothing(desk, inspect):
    click_image(desk, (0, 45, 45), drag=20)
    assert selected(inspect) is None


def test_a_click_that_paints_selects_nothing(desk, inspect):
    gt = desk.viewer.layers["gt"]
    gt.visible = True
    desk.viewer.layers.selection.active = gt
    gt.mode = "fill"
    click_image(desk, (0, 45, 45))
    assert selected(inspect) is None


def test_napari_s_own_label_selection_selects_the_row(desk, inspect):
    desk.viewer.dims.set_current_step(0, 1)
    desk.viewer.layers["unet"].selected_label = 9
    assert selected(inspect) == EntryKey("unet", "prediction", (1,), 9)
    gt = desk.viewer.layers["gt"]
    gt.visible, gt.mode = True, "paint"
    gt.selected_label = 3
    assert selected(inspect).id == 9


def test_hovering_says_kind_iou_and_partner(desk, inspect):
    desk.viewer.dims.set_current_step(0, 1)
    desk.viewer.cursor.position = (1, 25, 12)
    assert "ground-truth object 3: split" in desk.viewer.status
    desk.viewer.cursor.position = (0, 8, 8)
    assert "matched with predicted object 7, IoU 0.90" in desk.viewer.status


# ---- keys


def test_the_whole_hunt_goes_by_keys_from_the_dock(desk, inspect):
    for letter, want in (("n", 2), ("n", 3), ("k", 8), ("n", 9)):
        key(desk, inspect, letter)
        assert selected(inspect).id == want
    key(desk, inspect, "n", Qt.KeyboardModifier.ShiftModifier)
    assert selected(inspect).id == 8
    key(desk, inspect.table, "n")  # letters are not searched for in the table
    assert selected(inspect).id == 9


def test_the_same_keys_hold_in_the_canvas(desk, inspect):
    canvas = desk.viewer.window._qt_viewer.canvas.native
    key(desk, canvas, "n")
    assert selected(inspect).id == 2
    key(desk, canvas, "k")
    assert selected(inspect).id == 2
    before = {x.name: x.visible for x in desk.viewer.layers}
    desk.qtbot.keyPress(canvas, "h")
    assert next(x.name for x in desk.viewer.layers if x.visible) == "raw"
    assert not desk.viewer.layers["ground-truth objects · unet"].visible
    desk.qtbot.keyRelease(canvas, "h")
    assert {x.name: x.visible for x in desk.viewer.layers} == before


@pytest.mark.parametrize(("letter", "name"), [("g", "gt"), ("j", "unet"), ("h", "raw")])
def test_holding_shows_one_source_at_the_spot_and_then_all_as_before(desk, inspect, letter, name):
    click_row(desk, inspect, 0)
    before, view = Desk.of(desk.viewer), View.of(desk.viewer)
    desk.qtbot.keyPress(inspect, letter)
    seen = {x.name for x in desk.viewer.layers if x.visible}
    assert seen == {name, "raw", outline_of(desk).name}
    assert View.of(desk.viewer) == view
    desk.qtbot.keyRelease(inspect, letter)
    assert Desk.of(desk.viewer) == before


def test_side_by_side_and_back_to_exactly_before(desk, inspect):
    click_row(desk, inspect, 1)
    before = Desk.of(desk.viewer)
    key(desk, inspect, "w")
    assert desk.viewer.canvas.grid.enabled
    shown = [x for x in desk.viewer.layers if x.visible]
    assert [x.name for x in shown[:6:2]] == ["raw", "unet", "gt"]
    # each panel has its own outline over it
    assert len(shown) == 10
    assert all(x.name.startswith("looking at · split, ground truth 3") for x in shown[1::2])
    grid = desk.viewer.canvas.grid
    assert all(len(on) == 2 for _, on in grid.iter_viewboxes(desk.viewer.layers) if on)
    click_row(desk, inspect, 2)  # hunting goes on in the panels
    assert all(x.name.startswith("looking at · split, prediction 8") for x in shown[1::2])
    assert all(len(x.data) == len(shown[1].data) > 0 for x in shown[1::2])
    key(desk, inspect, "w")
    after = Desk.of(desk.viewer)
    assert (after.layers, after.selected, after.view) == (
        before.layers, before.selected, before.view,
    )  # fmt: skip


def test_the_check_box_of_validate_and_the_key_are_one_mechanism(desk, inspect):
    before = Desk.of(desk.viewer)
    desk.dock.presenter.side_by_side(True)
    key(desk, inspect, "w")
    assert Desk.of(desk.viewer) == before


# ---- with the other dock


def test_a_count_opens_the_objects_it_counts(desk, cells):
    desk.add(cells)
    desk.validate()
    table = desk.dock.results.table
    model = table.model()
    titles = [
        model.headerData(i, Qt.Orientation.Vertical, Qt.ItemDataRole.DisplayRole)
        for i in range(model.rowCount())
    ]
    index = model.index(titles.index("missed (FN)"), 0)
    desk.qtbot.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center()
    )
    widget = open_inspect(desk.viewer)
    assert objects(widget) == ["GT 2", "GT 3"]
    assert widget.bar.asked.text() == "Listed: ground truth only."
    desk.dock.results.inspect("unet", "tp")
    assert objects(widget) == ["GT 1"]
    desk.dock.results.inspect("unet", "fp")
    desk.dock.results.inspect("unet", "fp")
    assert objects(widget) == ["pred 8", "pred 9", "pred 11"]


def test_any_dock_can_ask_for_picked_entries(desk, inspect):
    only = frozenset({EntryKey("unet", "prediction", (1,), 11)})
    inspect.session.wanted = Filter(only=only)
    assert objects(inspect) == ["pred 11"]
    assert "1 that were picked" in inspect.bar.asked.text()


def test_the_button_of_validate_opens_it_once(desk, cells):
    desk.add(cells)
    desk.validate()
    desk.click(desk.dock.results.errors)
    first = open_inspect(desk.viewer)
    assert open_inspect(desk.viewer) is first


# ---- what a person does meanwhile


def test_layers_may_be_renamed_hidden_reordered_and_deleted(desk, inspect):
    desk.viewer.window._qt_window.hide()
    viewer = desk.viewer
    viewer.layers["gt"].name = "renamed"
    viewer.layers.move(0, 3)
    click = inspect.table.choose
    click(0)
    viewer.layers.remove(outline_of(desk))
    click(1)
    assert outline_of(desk).visible
    viewer.layers.remove("unet")
    click(2)
    viewer.layers.remove("renamed")
    click(0)
    assert selected(inspect).id == 2


def test_closing_the_dock_leaves_the_viewer_alone(desk, inspect):
    click_row(desk, inspect, 0)
    desk.viewer.window.remove_dock_widget(inspect)
    assert not outline_of(desk).visible
    click_image(desk, (1, 25, 12))
    assert session_of(desk.viewer).selected.id == 2
    again = open_inspect(desk.viewer)
    assert again is not inspect
    assert len(objects(again)) == 5


def test_two_viewers_do_not_meet(desk, inspect, make_napari_viewer):
    other = make_napari_viewer()
    widget = open_inspect(other)
    click_row(desk, inspect, 0)
    assert widget.session.selected is None
    assert len(other.layers) == 0
    assert widget.empty.text().startswith("Validate first")


def test_every_control_has_a_tooltip_and_a_name(inspect):
    kinds = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractItemView, QLineEdit)
    controls = [
        w
        for w in inspect.findChildren(QWidget)
        if isinstance(w, kinds)
        and not isinstance(w.parent(), QAbstractItemView | QComboBox | QAbstractSpinBox | QLineEdit)
        and w is not inspect.table.horizontalHeader()
        and "QComboBoxPrivate" not in type(w.parent()).__name__
        and not w.objectName().startswith("qt_")
    ]
    assert len(controls) > 15
    for control in controls:
        if isinstance(control, QAbstractItemView) and control is not inspect.table:
            continue
        assert control.toolTip(), control
        assert control.accessibleName(), control


def test_keys_follow_what_holds_while_the_dock_is_hidden(desk, inspect):
    dock_of(inspect).hide()
    desk.qtbot.waitUntil(lambda: not inspect.isVisible())
    with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded):
        desk.dock.results.threshold.slider.setValue(95)
    result, seen = desk.dock.presenter.result, set()
    wrong = int(result.score("fn", "unet").value + result.score("fp", "unet").value)
    canvas = desk.viewer.window._qt_viewer.canvas.native
    for _ in range(wrong):
        desk.qtbot.keyClick(canvas, "N")
        seen.add(inspect.session.selected)
    assert len(seen) == wrong == inspect.table.entry_model.rowCount()


def test_holding_while_panels_come_and_go_leaves_no_trace(desk, inspect):
    before = {x.name: x.visible for x in desk.viewer.layers}
    desk.qtbot.keyPress(inspect, "H")
    desk.qtbot.keyClick(inspect, "W")
    desk.qtbot.keyRelease(inspect, "H")
    desk.qtbot.keyClick(inspect, "W")
    assert {x.name: x.visible for x in desk.viewer.layers} == before


def test_a_letter_that_is_no_shortcut_does_not_look_through_the_list(inspect, monkeypatch, qtbot):
    asked = []
    monkeypatch.setattr(inspect.table.entry_model, "data", lambda *a: asked.append(a))
    monkeypatch.setattr(inspect.table.entry_model, "match", lambda *a: asked.append(a))
    before = inspect.table.position
    qtbot.keyClick(inspect.table, "X")
    assert inspect.table.position == before
    assert not asked
