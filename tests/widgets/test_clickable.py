"""Any count or score leads to what it is made of: every cell of every table, clicked by mouse."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt

from controls import controls_of, mute
from dim import blob, capture, grey, scene
from napari_verdict.comparison import within
from napari_verdict.comparison.model import RAW
from napari_verdict.viewer.result_layers import find, has_map
from napari_verdict.widgets.asks import filter_of
from napari_verdict.widgets.docks import open_inspect, raise_dock
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.words import rows_of, score_in

pytestmark = pytest.mark.gui

#: What the list is ranked by after a click on a score of a restoration.
RANKED = {
    "ssim": "structure",
    **dict.fromkeys(("nrmse", "rmse", "psnr", "pearson"), "error"),
    **dict.fromkeys(("skill", "area_worse", "signal_worse"), "worse than raw"),
    **dict.fromkeys(("nli", "slope_ratio"), "intensity"),
}
#: Scores of which a map says all there is: what would be listed by them?
MAP_ALONE = {"gain", "offset", "upsnr", "umse", "own_noise_kept", "residual_variance",
             "residual_correlation", "fitted_gain"}  # fmt: skip
#: Scores that are the number of rows of the list.
COUNTED = {"tp", "fp", "fn", "n_pred", "shown_without_photons", "photons_not_shown"}


def restored(desk, rng):
    """Open a restoration that is nearer than raw but for one place."""
    gt = rng.random((64, 72)) * 100
    noise = rng.normal(0, 20, gt.shape)
    cnn = gt + noise / 4
    cnn[8:24, 40:56] += 90
    for name, image in {"raw": gt + noise, "cnn": cnn, "gt": gt}.items():
        desk.viewer.add_image(image.astype(np.float32), name=name)


def detected(desk):
    axes = {"axis_labels": ("y", "x")}
    truth = np.array([(5.0, 5), (5, 19), (15, 30), (30, 50)])
    desk.viewer.add_image(np.zeros((40, 60)), name="raw", **axes)
    desk.viewer.add_points(truth, name="gt", **axes)
    desk.viewer.add_points(truth[:3] + np.array([0, 1.5]), name="spots", **axes)
    desk.dock.panel.settings.radius.setValue(3)


def held_against_raw(desk, rng):
    truth = scene((128, 128))
    raw = capture(rng, truth + 14 * blob(truth.shape, 100, 25))
    desk.viewer.add_image(raw.astype(np.float32), name="raw")
    for name, y in {"careful": 100, "inventive": 60}.items():
        shown = grey(truth + 14 * blob(truth.shape, y, 25)).astype(np.float32)
        desk.viewer.add_image(shown, name=name)


def masked(desk, classes):
    gt = np.zeros((40, 50), np.uint8)
    gt[4:20, 4:20], gt[22:38, 20:45] = 1, 2 if classes else 1
    axes = {"axis_labels": ("y", "x")}
    desk.viewer.add_labels(np.roll(gt, 3, axis=1), name="unet", **axes)
    desk.viewer.add_labels(gt, name="gt", **axes)
    desk.choose_task("Classes" if classes else "Foreground")


def click(desk, row, column):
    """Click a cell with the Validate dock in front."""
    raise_dock(desk.dock)
    table = desk.dock.results.table
    desk.qtbot.waitUntil(table.isVisible)
    at = table.visualRect(table.model().index(row, column)).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def cells_of(desk):
    """Yield what there is to click: places in the table, and the row and the score there."""
    result = desk.dock.presenter.result
    region = desk.dock.results.regions.region
    for r, row in enumerate(rows_of(result)):
        for c, candidate in enumerate(result.comparison.candidates):
            score = score_in(result, row, candidate, region)
            if score is not None and not math.isnan(score.value):
                yield r, c, row, candidate, score


def hide_all(desk):
    for layer in desk.viewer.layers:
        layer.visible = False


def lead_somewhere(desk, metrics=None):
    """Click every score of the table; return those that lead to a list, and those to a map."""
    result, listed, drawn = desk.dock.presenter.result, set(), set()
    inspect = open_inspect(desk.viewer)
    for r, c, row, candidate, score in list(cells_of(desk)):
        if metrics is not None and row.metric not in metrics:
            continue
        hide_all(desk)
        inspect.bar.clear()
        click(desk, r, c)
        assert session_of(desk.viewer).candidate == candidate
        if has_map(result, candidate, row.shows):
            is_drawn(desk, candidate, row.shows)
            drawn.add(row.metric)
        if row.pixels or row.metric in MAP_ALONE or row.shows == "pixels":
            assert row.metric in drawn, row.metric
        elif not (candidate == RAW and row.shows == "gain"):  # raw is not held against itself
            is_listed(desk, inspect, row, score)
            listed.add(row.metric)
    return listed, drawn


def is_drawn(desk, candidate, name):
    def shown():
        layer = find(desk.viewer, candidate, name)
        return layer is not None and layer.visible

    desk.qtbot.waitUntil(shown, timeout=20_000)


def is_listed(desk, inspect, row, score):
    model = inspect.table.entry_model
    wanted = filter_of(row.metric, desk.dock.presenter.result.comparison.task)
    if row.metric in RANKED and wanted.by:
        assert inspect.places.ranking == RANKED[row.metric]
        desk.qtbot.waitUntil(lambda: model.rowCount() > 0, timeout=20_000)
    if row.metric in COUNTED:
        assert inspect.isVisible()
        desk.qtbot.waitUntil(lambda: model.rowCount() == score.value, timeout=20_000)
    chips = set(inspect.bar.chips.chips)
    assert inspect.bar.filter.kinds == (chips if wanted.kinds is None else wanted.kinds & chips)


def test_every_score_of_a_restoration_leads_to_its_map_and_ranks_its_places(desk, rng):
    restored(desk, rng)
    desk.validate()
    listed, drawn = lead_somewhere(desk)
    assert listed == set(RANKED)
    assert drawn == set(RANKED) | {"gain", "offset"}


def test_nonlinearity_brings_the_places_and_the_intensity_curve_to_front(desk, rng):
    from napari_verdict.widgets.plots.panel import PlotsPanel

    restored(desk, rng)
    desk.viewer.window.add_dock_widget(plots := PlotsPanel(desk.viewer), name="Plots", tabify=True)
    result = desk.validate()
    plots.chooser.setCurrentIndex(plots.chooser.findData("frames"))
    click(desk, [row.metric for row in rows_of(result)].index("nli"), 1)
    inspect = open_inspect(desk.viewer)
    assert inspect.isVisible()
    assert inspect.places.ranking == "intensity"
    desk.qtbot.waitUntil(lambda: bool(inspect.table.entry_model.rowCount()), timeout=20_000)
    assert inspect.entries.value_name == "off the line"
    assert plots.shown == "intensity"


def test_every_count_of_instances_lists_as_many_objects(desk, cells):
    desk.add(cells)
    desk.validate()
    listed, drawn = lead_somewhere(desk)
    assert {"tp", "fp", "fn", "n_pred", "f1", "pq", "sq", "recall"} <= listed
    assert {"iou", "dice"} <= drawn


def test_every_count_of_detections_lists_as_many_points(desk):
    detected(desk)
    desk.validate()
    listed, _ = lead_somewhere(desk)
    assert listed == {row.metric for row in rows_of(desk.dock.presenter.result)}


@pytest.mark.parametrize("classes", [False, True])
def test_every_score_of_pixels_shows_the_pixels(desk, classes):
    masked(desk, classes)
    desk.validate()
    listed, drawn = lead_somewhere(desk)
    assert not listed
    assert drawn == {row.metric for row in rows_of(desk.dock.presenter.result)}


def test_every_count_of_evidence_lists_its_places_and_every_score_shows_its_map(desk, rng):
    held_against_raw(desk, rng)
    desk.validate()
    listed, drawn = lead_somewhere(desk)
    assert listed == {"shown_without_photons", "photons_not_shown"}
    assert {"residual_variance", "residual_correlation", "fitted_gain"} <= drawn


def pick_region(desk, name):
    """Choose whose scores the table shows."""
    raise_dock(desk.dock)
    table = desk.dock.results.regions.table
    names = [None, *(r.name for r in desk.dock.presenter.result.comparison.regions)]
    table.selectRow(names.index(name))


def halves(desk, shape):
    """Two regions, chosen in the dock."""
    labels = np.ones(shape, np.uint8)
    labels[..., shape[-1] // 3 :] = 2
    layer = desk.viewer.add_labels(labels, name="half", axis_labels=("y", "x"))
    combo = desk.dock.panel.regions.region
    combo.setCurrentIndex(combo.findData(layer))
    combo.activated.emit(combo.currentIndex())


@pytest.mark.parametrize("points", [False, True])
def test_a_count_of_a_region_lists_what_is_in_the_region(desk, cells, points):
    if points:
        detected(desk)
        halves(desk, (40, 60))
    else:
        desk.add(cells)
        halves(desk, (80, 80))
    desk.validate()
    inspect = open_inspect(desk.viewer)
    for name in ("half 1", "half 2", "half 1"):
        pick_region(desk, name)
        listed, _ = lead_somewhere(desk, COUNTED)
        assert {"tp", "fp", "fn"} <= listed
    pick_region(desk, "half 2")
    row = [x.metric for x in rows_of(desk.dock.presenter.result)].index("tp")
    click(desk, row, 0)
    assert inspect.bar.asked.text() == "Listed: ground truth only; region half 2."
    pick_region(desk, None)
    click(desk, row, 0)
    result = desk.dock.presenter.result
    whole = score_in(result, rows_of(result)[row], session_of(desk.viewer).candidate)
    assert inspect.table.entry_model.rowCount() == whole.value


def test_what_is_in_a_region_and_cannot_be_found_is_no_all_clear(desk, cells, monkeypatch):
    desk.add(cells)
    halves(desk, (80, 80))
    desk.validate()
    inspect, waiting = open_inspect(desk.viewer), threading.Event()

    def without_memory(*args):
        assert waiting.wait(20)
        raise MemoryError

    monkeypatch.setattr(within, "entries_within", without_memory)
    pick_region(desk, "half 2")
    click(desk, [x.metric for x in rows_of(desk.dock.presenter.result)].index("tp"), 0)
    desk.qtbot.waitUntil(lambda: inspect.empty.text() == "Looking for what is in half 2…")
    waiting.set()
    desk.qtbot.waitUntil(lambda: "not enough memory" in inspect.empty.text())
    assert inspect.empty.isVisible()
    desk.click(inspect.bar.reset)
    assert inspect.table.entry_model.rowCount() == 5


def test_places_of_a_region_are_listed_alone(desk, rng):
    restored(desk, rng)
    halves(desk, (64, 72))
    result = desk.validate()
    inspect = open_inspect(desk.viewer)
    pick_region(desk, "half 1")
    click(desk, [row.metric for row in rows_of(result)].index("nrmse"), 1)
    model = inspect.table.entry_model
    desk.qtbot.waitUntil(lambda: 0 < model.rowCount() < len(inspect.entries or ()), timeout=20_000)
    rows = [model.row_of(i) for i in range(model.rowCount())]
    assert (inspect.entries.centroid[rows, 2] < 24).all()


@pytest.mark.parametrize("kind", ["restoration", "instances", "detections", "evidence", "classes"])
def test_every_control_has_a_tooltip_and_a_name_beside_a_result(desk, rng, cells, kind):
    from napari_verdict.widgets.plots.panel import PlotsPanel

    if kind == "instances":
        desk.add(cells)
        axes = {"axis_labels": ("t", "y", "x")}
        desk.viewer.add_labels(np.roll(cells[1], 2, axis=2), name="other", **axes)
    else:
        of_kind = {"restoration": lambda: restored(desk, rng), "detections": lambda: detected(desk),
                   "evidence": lambda: held_against_raw(desk, rng),
                   "classes": lambda: masked(desk, True)}  # fmt: skip
        of_kind[kind]()
    desk.validate()
    inspect, plots = open_inspect(desk.viewer), PlotsPanel(desk.viewer)
    desk.viewer.window.add_dock_widget(plots, name="Plots", tabify=True)
    raise_dock(plots)
    desk.qtbot.waitUntil(plots.isVisible)
    for i in range(plots.chooser.count()):
        plots.chooser.setCurrentIndex(i)
        assert plots.plot(plots.chooser.itemData(i)).isVisible()
    desk.qtbot.keyClick(inspect, "N")
    for dock in (desk.dock, inspect, plots):
        assert controls_of(dock)
        assert not mute(dock)
