"""Without ground truth the Validate dock asks raw, and says what raw contradicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from dim import blob, capture, grey, scene
from napari_verdict.comparison.model import Task
from napari_verdict.report.replay import replay
from napari_verdict.viewer.joint import joint_drawing
from napari_verdict.viewer.result_layers import find
from napari_verdict.widgets import joint_box
from napari_verdict.widgets.session import session_of

pytestmark = pytest.mark.gui
TIP = Qt.ItemDataRole.ToolTipRole
MADE_UP, ERASED = (60, 70), (100, 25)


@pytest.fixture
def shown(desk, rng):
    """Raw, what a perfect denoiser makes of it, and the same with one blob more and one less."""
    truth = scene((128, 128))
    raw = capture(rng, truth + 14 * blob(truth.shape, *ERASED))
    more = grey(truth + 14 * blob(truth.shape, *MADE_UP))
    fewer = grey(truth + 14 * blob(truth.shape, *ERASED))
    for name, image in {"raw": raw, "careful": fewer, "inventive": more}.items():
        desk.viewer.add_image(image.astype(np.float32), name=name)
    desk.truth = truth + 14 * blob(truth.shape, *ERASED)
    return desk


def ticked(box, name):
    """Tick a layer in a list, as a click does."""
    item = next(box.item(i) for i in range(box.count()) if box.item(i).text() == name)
    item.setCheckState(Qt.CheckState.Checked)


def row_of(desk, metric):
    """Return which row of the table shows a metric."""
    model = desk.dock.results.table.model()
    titles = [model.headerData(r, Qt.Orientation.Vertical) for r in range(model.rowCount())]
    return titles.index(metric)


def test_the_dock_offers_to_ask_raw_and_says_what_that_is_not(shown):
    dock = shown.dock
    assert dock.validate.isEnabled()
    assert dock.validate.text() == "Check against raw"
    assert "no ground truth" in dock.panel.task.currentText()
    assert dock.inspection.isVisible()
    labels = [x.text() for x in dock.inspection.findChildren(QLabel) if x.isVisible()]
    assert any(text.startswith("Take every field twice") for text in labels)
    assert any(text.startswith("Check against raw tells where") for text in labels)
    result = shown.validate()
    assert result.comparison.task is Task.EVIDENCE
    assert dock.results.isVisible()
    assert dock.results.notes.statement.text().startswith("Evidence, not validation")
    verdict = dock.results.verdict.text()
    assert verdict.startswith("<b>Raw does not support ")
    assert "that inventive shows" in verdict
    assert "hold H to see raw there" in verdict
    assert "circular" in dock.results.notes.noise.text()
    assert "Take every field twice" in dock.results.notes.captures.text()


def test_the_map_stands_over_the_prediction_it_is_of(shown):
    shown.validate()
    viewer = shown.viewer
    assert session_of(viewer).candidate == "inventive"  # there is something to look at
    evidence = find(viewer, "inventive", "evidence")
    low, high = evidence.contrast_limits
    assert low == -high
    assert evidence.visible
    assert viewer.layers["inventive"].visible
    shown.dock.results.show_box.candidate_chosen.emit("careful")
    shown.qtbot.waitUntil(lambda: find(viewer, "careful", "evidence") is not None)
    assert not viewer.layers["inventive"].visible
    assert viewer.layers["careful"].visible
    assert not evidence.visible
    assert "careful" in shown.dock.results.verdict.text()


def test_a_second_run_updates_the_same_layers(shown):
    shown.validate()
    before = shown.results
    shown.dock.panel.noise.alarms.setValue(1.0)
    result = shown.validate()
    assert shown.results == before
    assert result.comparison.evidence.alarms == 1.0
    evidence = find(shown.viewer, "inventive", "evidence")
    np.testing.assert_array_equal(evidence.data, result.maps["inventive"]["evidence"])


def test_places_are_listed_flown_to_flipped_and_judged(shown):
    shown.validate()
    inspect, viewer = shown.inspect(), shown.viewer
    entries = inspect.entries
    assert sorted(entries.kinds[k] for k in entries.kind) == [
        "photons not shown",
        "shown without photons",
    ]
    where = {entries.kinds[k]: row for row, k in enumerate(entries.kind)}
    for kind, (y, x) in (("shown without photons", MADE_UP), ("photons not shown", ERASED)):
        inspect.table.choose(inspect.table.entry_model.position_of(where[kind]))
        assert np.hypot(*(np.array(viewer.scene.camera.center[-2:]) - (y, x))) < 6
    layers = {n: viewer.layers[n] for n in ("raw", "inventive")}
    residual = find(viewer, "inventive", "residual")
    assert not residual.visible
    for key, seen in (
        (Qt.Key.Key_H, layers["raw"]),
        (Qt.Key.Key_J, layers["inventive"]),
        (Qt.Key.Key_G, residual),
    ):
        before = [x.visible for x in viewer.layers]
        shown.qtbot.keyPress(inspect, key)
        images = [x for x in viewer.layers if x.visible and x.name.split(" ")[0] != "looking"]
        assert images == [seen]
        shown.qtbot.keyRelease(inspect, key)
        assert [x.visible for x in viewer.layers] == before
    shown.qtbot.keyClick(inspect, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    (mark,) = session_of(viewer).judgements.marks.values()
    assert mark.judgement == "real error"
    # there is no ground truth that could be wrong
    shown.qtbot.keyClick(inspect, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert list(session_of(viewer).judgements.marks.values()) == [mark]


def test_raw_is_seen_while_the_key_is_held_before_the_list_is_opened(shown):
    shown.validate()
    before = [x.visible for x in shown.viewer.layers]
    shown.qtbot.keyPress(shown.dock, Qt.Key.Key_H)
    assert [x.name for x in shown.viewer.layers if x.visible] == ["raw"]
    shown.qtbot.keyRelease(shown.dock, Qt.Key.Key_H)
    assert [x.visible for x in shown.viewer.layers] == before
    shown.viewer.layers.remove("raw")
    shown.qtbot.keyPress(shown.dock, Qt.Key.Key_H)
    assert any(x.visible for x in shown.viewer.layers)


def test_an_entry_says_what_it_means_and_the_keys_to_look_at_it_with(shown):
    shown.validate()
    inspect = shown.inspect()
    inspect.table.choose(0)
    assert "Hold H for raw, J for the prediction, G for the residual." in inspect.here.text()
    kind = inspect.entries.kinds[inspect.entries.kind[inspect.table.entry_model.row_of(0)]]
    says = {"shown without photons": "no photons", "photons not shown": "does not show"}
    assert says[kind] in inspect.here.text()
    header = inspect.table.entry_model.headerData(2, Qt.Orientation.Horizontal, TIP)
    assert "below 0 it is shown and raw has no photons" in header


def test_where_predictions_disagree_is_a_list_of_its_own(shown):
    shown.validate()
    inspect = shown.inspect()
    inspect.places.rank_by("disputes")
    entries = inspect.entries
    assert len(entries) == 2
    assert {entries.kinds[k] for k in entries.kind} == {"raw supports careful"}
    session_of(shown.viewer).candidate = "careful"
    entries = inspect.entries
    assert {entries.kinds[k] for k in entries.kind} == {"raw supports it"}
    assert inspect.table.entry_model.rowCount() == 2
    session_of(shown.viewer).candidate = "inventive"
    inspect.table.choose(0)
    assert "raw is with the one that is named" in inspect.here.text()
    # the status bar names it too, where the mouse is over the place
    shown.viewer.cursor.position = MADE_UP
    assert "raw supports careful: dispute" in shown.viewer.status


def test_places_and_disputes_are_judged_apart_and_saved_together(shown, tmp_path):
    import pandas as pd

    shown.validate()
    inspect = shown.inspect()
    inspect.table.choose(0)
    shown.qtbot.keyClick(inspect, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    inspect.places.rank_by("disputes")
    inspect.table.choose(0)
    # the first place is judged, the first dispute is not yet
    assert not any(button.isChecked() for button in inspect.judge.bar.buttons.values())
    shown.qtbot.keyClick(inspect, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    with shown.qtbot.waitSignal(shown.dock.saving.done, timeout=120_000):
        shown.dock.save(tmp_path)
    assert pd.read_csv(tmp_path / "objects.csv")["judgement"].tolist()[0] == "real error"
    said = pd.read_csv(tmp_path / "judgements.csv").set_index("role")["judgement"]
    assert said.to_dict() == {"place": "real error", "dispute": "fine"}
    assert set(pd.read_csv(tmp_path / "disputes.csv")["supports"]) == {"careful"}


def test_a_count_lists_what_it_counts(shown):
    shown.validate()
    inspect = shown.inspect()
    shown.dock.results.inspect("inventive", "photons_not_shown")
    assert inspect.table.entry_model.rowCount() == 1
    assert "photons not shown" in inspect.table.entry_model.describe(
        inspect.table.entry_model.row_of(0)
    )


def test_where_nothing_is_contradicted_the_list_says_what_that_means(shown):
    shown.validate()
    inspect = shown.inspect()
    session_of(shown.viewer).candidate = "careful"
    assert "no proof" in inspect.empty.text()


def test_an_entered_camera_is_what_it_is_tested_with(shown):
    box = shown.dock.panel.noise
    box.entered.setChecked(True)
    for name, value in (("camera_gain", 2.2), ("camera_offset", 100), ("read_noise", 1.6)):
        box.numbers[name].setValue(value)
    assert "2.2 ADU per electron" in box.text()
    result = shown.validate()
    noise = result.conditions["careful"].noise
    assert (noise.source, noise.circular) == ("entered", False)
    assert noise.slope == pytest.approx(2.2)
    assert "Entered" in shown.dock.results.notes.noise.text()


def test_a_camera_in_the_metadata_of_raw_is_read_until_a_person_says_otherwise(shown, rng):
    viewer, box, choices = shown.viewer, shown.dock.panel.noise, shown.dock.panel.choices
    made = viewer.add_image(capture(rng, shown.truth), name="noisy")
    made.metadata["exposure"] = {"gain": 2.2, "offset": 100.0, "read_noise": 1.6, "photons": 20}
    combo = shown.dock.panel.layers.raw
    for name, entered in (("noisy", True), ("raw", False), ("noisy", True)):
        combo.setCurrentIndex(combo.findText(name))
        combo.activated.emit(combo.currentIndex())
        assert choices.entered == entered
    assert "read from metadata, 2.2 ADU per electron" in box.text()
    noise = choices.evidence_settings().noise
    assert noise.source == "read from metadata"
    box.numbers["camera_gain"].setValue(3.0)
    assert "entered, 3 ADU" in box.text()
    combo.setCurrentIndex(combo.findText("raw"))
    combo.activated.emit(combo.currentIndex())
    assert choices.camera_gain == 3.0


def test_a_further_capture_tells_the_error_and_is_no_prediction(shown, rng):
    again = capture(rng, shown.truth)
    shown.viewer.add_image(again, name="again")
    panel = shown.dock.panel
    ticked(panel.noise.captures, "again")
    names = [p.name for p in panel.choices.roles.predictions]
    assert names == ["careful", "inventive"]
    result = shown.validate()
    assert list(result.comparison.candidates) == ["raw", "careful", "inventive"]
    row = row_of(shown, "uPSNR (dB)")
    cells = [shown.cell(row, c).lstrip("▲") for c in range(3)]
    raw = result.score("upsnr", "raw")
    assert cells[0].startswith(f"{raw.value:.1f}±")
    assert float(cells[0].split("±")[1]) > 0
    # a perfect prediction has too little error to be measured, but not more than that
    perfect = result.score("upsnr", "careful")
    assert math.isnan(perfect.value) == cells[1].startswith("> ")
    assert perfect.ci_low > raw.ci_high
    assert "1 further capture" in shown.dock.results.notes.captures.text()
    # of raw there is an error, but no evidence against itself
    shown.dock.results.go("raw", "error")
    shown.qtbot.waitUntil(lambda: find(shown.viewer, "raw", "error") is not None)
    assert find(shown.viewer, "raw", "evidence") is None
    shown.viewer.layers.remove("again")
    assert panel.choices.captures == ()


def test_evidence_stands_beside_the_scores(shown):
    viewer, dock = shown.viewer, shown.dock
    viewer.add_image(grey(shown.truth).astype(np.float32), name="gt")
    scores = shown.validate()
    assert scores.comparison.task is Task.RESTORATION
    assert dock.results.ask_raw.isVisible()
    with shown.qtbot.waitSignal(dock.presenter.drawn, timeout=120_000):
        shown.click(dock.results.ask_raw)
    evidence = dock.presenter.result
    assert evidence.comparison.task is Task.EVIDENCE
    assert not any("out of date" in name for name in shown.results)
    covering = [x for x in viewer.layers if x.name.startswith(("SSIM", "RSE", "gain"))]
    assert covering
    assert not any(x.visible for x in covering)
    table = dock.results.table  # as high as it has rows
    row = table.rowHeight(0)
    rows = table.model().rowCount() * row
    assert rows < table.height() < rows + 4 * row
    which = dock.results.which
    assert [which.itemText(i) for i in range(which.count())] == [
        "Scores against the ground truth",
        "Evidence from raw",
    ]
    which.setCurrentIndex(0)
    which.activated.emit(0)
    assert dock.presenter.result is scores
    assert not any(x.visible for x in viewer.layers if x.name.startswith("evidence"))
    which.setCurrentIndex(1)
    which.activated.emit(1)
    assert dock.presenter.result is evidence
    assert session_of(viewer).result is evidence
    # whichever is computed again, the other one still holds
    newer = shown.validate()
    assert newer.comparison.task is Task.RESTORATION
    assert which.count() == 2
    assert not any("out of date" in name for name in shown.results)
    viewer.layers["raw"].data = viewer.layers["raw"].data + 1
    assert all("out of date" in name for name in shown.results)
    shown.validate()
    assert which.count() == 1


def test_what_cannot_be_asked_is_refused_in_words(shown):
    viewer = shown.viewer
    viewer.layers.remove("careful")
    viewer.layers.remove("inventive")
    viewer.add_image(np.ones((64, 64), np.float32), name="smaller")
    said = shown.refused()
    assert "64 × 64" in said
    assert "128 × 128" in said
    assert shown.dock.presenter.result is None


def test_labels_are_not_asked_of_raw(shown):
    viewer = shown.viewer
    labels = viewer.add_labels(np.ones((128, 128), np.uint8), name="cells")
    roles = shown.dock.panel.choices.roles
    shown.dock.panel.choices.update({"roles": roles.__class__(None, roles.raw, (labels,))})
    assert shown.dock.panel.choices.effective_task()[0] is not Task.EVIDENCE


def test_ignored_pixels_are_left_out(shown):
    mask = np.zeros((128, 128), np.uint8)
    mask[40:80, 50:90] = 1
    shown.dock.panel.choices.ignore = shown.viewer.add_labels(mask, name="ignored")
    result = shown.validate()
    kinds = [p.height > 0 for p in result.places["inventive"]]
    assert kinds == [True]


def test_what_is_saved_is_found_again(shown, tmp_path):
    import tifffile

    for name in ("raw", "careful", "inventive"):
        layer = shown.viewer.layers[name]
        tifffile.imwrite(tmp_path / f"{name}.tif", layer.data)
        layer._source = layer.source.model_copy(update={"path": str(tmp_path / f"{name}.tif")})
    result = shown.validate()
    folder = tmp_path / "saved"
    with shown.qtbot.waitSignal(shown.dock.saving.done, timeout=120_000):
        shown.dock.save(folder)
    written = {p.name for p in folder.iterdir()}
    assert {"results.json", "scores.csv", "objects.csv"} <= written
    assert "map_evidence_inventive.ome.tif" in written
    again = replay(folder / "results.json")
    # as text, in which what is undefined equals itself
    assert repr([s.as_row() for s in again.rows]) == repr([s.as_row() for s in result.rows])


def test_painting_on_raw_puts_it_out_of_date(shown):
    shown.validate()
    raw = shown.viewer.layers["raw"]
    raw.data = raw.data + 1
    assert shown.dock.presenter.out_of_date == ["raw"]
    assert all("out of date" in name for name in shown.results)


def test_mean_spread_and_difference_of_predictions_are_shown_where_asked(shown):
    shown.validate()
    box, viewer = shown.dock.results.joint, shown.viewer
    assert box.isVisible()
    inventive, careful = (viewer.layers[n].data for n in ("inventive", "careful"))
    both = np.stack([inventive, careful]).astype(np.float64)
    wanted = {
        box.mean: ("mean · all predictions", both.mean(axis=0)),
        box.spread: ("spread · all predictions", both.std(axis=0, ddof=1)),
        box.minus: ("difference · inventive − careful", both[0] - both[1]),
    }
    for check, (name, values) in wanted.items():
        shown.click(check)
        shown.qtbot.waitUntil(lambda n=name: n in viewer.layers, timeout=30_000)
        layer = viewer.layers[name]
        shown.qtbot.waitUntil(lambda x=layer: x.data.wanted is None, timeout=30_000)
        np.testing.assert_allclose(np.asarray(layer.data), values, rtol=1e-4, atol=1e-3)
        assert (viewer.layers[-1], check.isChecked()) == (layer, True)
        top = layer.contrast_limits[1]
        assert 0.4 * np.abs(values).max() < top <= np.abs(values).max() * 1.01
    shown.click(box.mean)
    assert not viewer.layers["mean · all predictions"].visible
    viewer.layers["spread · all predictions"].visible = False  # by the eye of the layer list
    assert not box.spread.isChecked()
    # another run redraws them, and an edit puts them out of date
    names = set(shown.results)
    shown.dock.panel.noise.alarms.setValue(1.0)
    shown.validate()
    shown.qtbot.waitUntil(lambda: set(shown.results) == names, timeout=30_000)
    viewer.layers["raw"].data = viewer.layers["raw"].data + 1
    assert all("out of date" in name for name in shown.results)


def test_what_is_of_all_predictions_stays_whichever_is_looked_at(shown):
    shown.validate()
    box, viewer = shown.dock.results.joint, shown.viewer
    shown.click(box.mean)
    shown.qtbot.waitUntil(lambda: "mean · all predictions" in viewer.layers, timeout=30_000)
    candidate = shown.dock.presenter.candidate
    shown.dock.presenter.look_at({"careful": "inventive", "inventive": "careful"}[candidate])
    assert viewer.layers["mean · all predictions"].visible
    assert box.mean.isChecked()


def test_a_map_of_all_predictions_that_cannot_be_made_is_not_ticked(shown, monkeypatch):
    def without_memory(result, key):
        if key[1] == "spread":
            raise MemoryError
        return joint_drawing(result, key)

    monkeypatch.setattr(joint_box, "joint_drawing", without_memory)
    shown.validate()
    box, viewer = shown.dock.results.joint, shown.viewer
    with shown.qtbot.waitSignal(box.failed, timeout=30_000):
        shown.click(box.spread)
    assert not box.spread.isChecked()
    assert "not enough memory" in shown.said
    shown.click(box.mean)
    shown.qtbot.waitUntil(lambda: "mean · all predictions" in viewer.layers, timeout=30_000)
    assert box.mean.isChecked()


def test_of_one_prediction_there_is_no_mean(shown):
    shown.viewer.layers.remove("careful")
    shown.validate()
    assert not shown.dock.results.joint.isVisible()


def test_in_a_colour_image_the_slider_goes_to_the_channel_of_the_place(desk, rng):
    truth = np.stack([np.roll(scene((96, 96)), 30 * k, 0) for k in range(3)], axis=-1)
    wrong = grey(truth)
    wrong[..., 1] += 40 * blob(truth.shape[:2], 40, 60)
    for name, image in {"raw": capture(rng, truth), "wrong": wrong}.items():
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        desk.viewer.add_image(pixels, name=name, rgb=True)
    desk.validate()
    inspect, viewer = desk.inspect(), desk.viewer
    inspect.table.choose(0)
    assert viewer.dims.current_step[0] == 1
    assert "c 1 · " in inspect.here.text()
    # what lies under the mouse is of the channel that is seen
    viewer.cursor.position = (1, 40, 60)
    assert "shown without photons" in viewer.status
    viewer.dims.set_current_step(0, 2)
    viewer.cursor.position = (2, 41, 61)
    viewer.status = ""
    viewer.cursor.position = (2, 42, 61)
    assert "shown without photons" not in viewer.status
    desk.qtbot.keyClick(inspect, Qt.Key.Key_U)
    assert viewer.dims.current_step[0] == 0
