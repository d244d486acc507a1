"""A ground truth that was judged wrong is mended in the window, and the scores go with it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tifffile
from dask import array
from qtpy.QtCore import QPoint, Qt

from cases import compare
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.objects import following
from napari_verdict.comparison.result import Progress
from napari_verdict.report.strokes import read_strokes
from napari_verdict.viewer import mended, scored_layer
from napari_verdict.viewer.mended import NAME
from napari_verdict.widgets.validate import ValidateWidget

pytestmark = pytest.mark.gui
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
EXTRA, MISSED = (
    EntryKey("unet", "prediction", (1,), 11),
    EntryKey("unet", "ground truth", (0,), 2),
)


def wrong(desk, widget, key):
    """Look at an entry and judge the ground truth wrong there."""
    widget.session.selected = key
    desk.qtbot.keyClick(widget, "G", SHIFT)
    return widget.judge.mending


def scores(box, line):
    return [box.scores.cells[line, metric].text() for metric in ("f1", "pq", "fn", "fp")]


def canvas_of(desk):
    return desk.viewer.window._qt_viewer.canvas.native


@pytest.fixture
def box(desk, inspect):
    return wrong(desk, inspect, EXTRA)


def test_mending_is_offered_where_the_ground_truth_is_wrong_and_only_there(desk, inspect):
    box = inspect.judge.mending
    assert not box.isVisible()
    wrong(desk, inspect, EXTRA)
    assert box.isVisible()
    assert (box.accept.text(), box.accept.isEnabled()) == ("Accept pred 11", True)
    assert not box.delete.isEnabled()
    wrong(desk, inspect, MISSED)
    assert (box.delete.text(), box.delete.isEnabled()) == ("Delete GT 2", True)
    assert not box.accept.isEnabled()
    desk.qtbot.keyClick(inspect, "E", SHIFT)
    assert not box.isVisible()
    assert NAME not in desk.viewer.layers


def test_accepting_makes_the_copy_and_shows_both_scores(desk, inspect, box, cells):
    desk.click(box.accept)
    layer = desk.viewer.layers[NAME]
    assert (layer.data[1, 60:66, 60:66] == 4).all()
    assert (desk.viewer.layers["gt"].data == cells[0]).all()
    before, after = scores(box, 1), scores(box, 2)
    assert (before[2:], after[2:]) == (["2", "3"], ["2", "2"])
    assert float(after[0]) > float(before[0])
    assert box.scores.isVisible()


def test_undo_and_redo_of_napari_bring_the_scores_along(desk, inspect, box):
    desk.click(box.accept)
    after = scores(box, 2)
    desk.viewer.layers.selection.active = desk.viewer.layers[NAME]
    desk.qtbot.keyClick(canvas_of(desk), "Z", CTRL)
    assert scores(box, 2) == scores(box, 1)
    desk.qtbot.keyClick(canvas_of(desk), "Z", CTRL | SHIFT)
    assert scores(box, 2) == after
    desk.qtbot.keyClick(inspect.table, "Z", CTRL)  # with the focus in the dock
    assert scores(box, 2) == scores(box, 1)
    desk.qtbot.keyClick(inspect.table, "Z", CTRL | SHIFT)
    assert scores(box, 2) == after


def test_deleting_and_accepting_are_one_step_each(desk, inspect, box):
    desk.click(box.accept)
    wrong(desk, inspect, MISSED)
    desk.click(box.delete)
    assert scores(box, 2)[2:] == ["1", "2"]
    assert not box.delete.isEnabled()  # it is gone
    desk.viewer.layers[NAME].undo()
    assert scores(box, 2)[2:] == ["2", "2"]
    assert box.delete.isEnabled()


def test_the_brush_is_armed_and_a_stroke_with_the_mouse_is_scored(desk, inspect):
    box = wrong(desk, inspect, MISSED)
    desk.click(box.edit)
    layer = desk.viewer.layers[NAME]
    assert desk.viewer.layers.selection.active is layer
    assert (str(layer.mode), layer.selected_label) == ("paint", 2)
    before = layer.data.copy()
    desk.viewer.scene.camera.center = (0, 70, 20)
    desk.viewer.scene.camera.zoom = 8
    canvas = canvas_of(desk)
    middle, left = canvas.rect().center(), Qt.MouseButton.LeftButton
    desk.qtbot.mouseMove(canvas, middle)
    desk.qtbot.mousePress(canvas, left, pos=middle)
    desk.qtbot.mouseMove(canvas, middle + QPoint(40, 0))
    desk.qtbot.mouseRelease(canvas, left, pos=middle + QPoint(40, 0))
    assert (layer.data != before).any()
    result = inspect.session.mended.result
    size = int(result.objects.query("role == 'ground truth' and id == 2")["size"].iloc[0])
    assert size == np.count_nonzero(layer.data[0] == 2) > 144


def test_both_follow_the_threshold(desk, inspect, box):
    desk.click(box.accept)
    with desk.qtbot.waitSignal(desk.dock.presenter.rethresholded):
        desk.dock.results.threshold.slider.setValue(95)
    desk.qtbot.waitUntil(lambda: scores(box, 1)[2:] == ["3", "4"])
    assert scores(box, 2)[2:] == ["3", "3"]


def test_validating_again_goes_on_with_the_copy(desk, inspect, box):
    desk.click(box.accept)
    after = scores(box, 2)
    desk.validate()
    desk.qtbot.waitUntil(lambda: inspect.session.mended.result is not None)
    assert scores(box, 2) == after
    assert [x.name for x in desk.viewer.layers].count(NAME) == 1
    assert NAME not in [p.name for p in desk.dock.presenter.result.comparison.predictions]


def test_a_copy_that_a_person_deletes_is_gone_with_its_scores(desk, inspect, box):
    desk.click(box.accept)
    desk.viewer.window._qt_window.hide()
    desk.viewer.layers.remove(NAME)
    assert inspect.session.mended.result is None
    assert box.scores.isHidden()
    desk.viewer.window._qt_window.show()
    desk.qtbot.waitUntil(box.kept.restore.isVisible)
    desk.click(box.kept.restore)
    assert (desk.viewer.layers[NAME].data[1, 60:66, 60:66] == 4).all()


def test_a_ground_truth_without_labels_left_says_so(desk):
    gt, pred = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    gt[:10, :10], pred[:10, :10], pred[20:30, 20:30] = 255, 1, 2
    desk.add((gt, pred))
    desk.validate()
    widget = desk.inspect()
    box = wrong(desk, widget, EntryKey("unet", "prediction", (), 2))
    desk.click(box.accept)
    assert "highest label is 255" in widget.judge.bar.trouble.text()


def test_closing_the_dock_leaves_the_copy(desk, inspect, box):
    desk.click(box.accept)
    desk.viewer.window.remove_dock_widget(inspect)
    layer = desk.viewer.layers[NAME]
    layer.undo()
    assert not (layer.data == 4).any()
    assert inspect.session.mended is None


def test_saving_the_results_saves_the_copy(desk, inspect, box, tmp_path):
    desk.click(box.accept)
    with desk.qtbot.waitSignal(desk.dock.saving.done, timeout=120_000):
        desk.dock.save(tmp_path)
    saved = tifffile.imread(tmp_path / "mended_ground-truth.ome.tif")
    assert (saved == desk.viewer.layers[NAME].data).all()
    assert (tmp_path / "scores_mended.csv").exists()


def kept_in(folder):
    return list(folder.rglob("mended.*.strokes"))


def changes_in(path):
    return sum(len(stroke.change) > 0 for stroke in read_strokes(path.read_bytes()))


def another_day(desk, make_napari_viewer, cells):
    """Open the same images in a window of their own, and Inspect."""
    other = type(desk)(make_napari_viewer(), None, desk.qtbot)
    other.dock = ValidateWidget(other.viewer)
    other.viewer.window.add_dock_widget(other.dock, area="right")
    other.viewer.window._qt_window.show()
    other.add(cells)
    other.validate()
    return other, other.inspect().judge.mending


def test_the_copy_is_kept_while_one_mends_and_brought_back_another_day(
    desk, inspect, box, own_folder, make_napari_viewer, cells
):
    desk.qtbot.waitUntil(lambda: box.keeper._sha256 != "")
    desk.click(box.accept)
    after = scores(box, 2)
    desk.qtbot.waitUntil(lambda: [changes_in(p) for p in kept_in(own_folder)] == [1])
    other, again = another_day(desk, make_napari_viewer, cells)
    desk.qtbot.waitUntil(again.kept.restore.isVisible)
    assert again.kept.text.text().startswith("A mended copy of “gt” was kept on ")
    assert "seem" not in again.kept.text.text()
    other.click(again.kept.restore)
    assert scores(again, 2) == after
    assert (other.viewer.layers[NAME].data == desk.viewer.layers[NAME].data).all()
    assert not again.kept.restore.isVisible()


def test_a_copy_made_before_its_pixels_are_known_is_on_the_disk_and_offered(
    desk, checksums_wait, inspect, own_folder, make_napari_viewer, cells
):
    box = wrong(desk, inspect, EXTRA)
    desk.click(box.accept)
    desk.qtbot.waitUntil(lambda: [changes_in(p) for p in kept_in(own_folder)] == [1])
    desk.viewer.window.remove_dock_widget(inspect)
    checksums_wait.set()
    other, again = another_day(desk, make_napari_viewer, cells)
    desk.qtbot.waitUntil(again.kept.restore.isVisible)
    assert "what seem to be the same pixels" in again.kept.text.text()
    other.click(again.kept.restore)
    assert (other.viewer.layers[NAME].data == desk.viewer.layers[NAME].data).all()


def test_strokes_undo_and_redo_are_kept_and_what_is_undone_is_not_offered(
    desk, inspect, box, own_folder, make_napari_viewer, cells
):
    desk.qtbot.waitUntil(lambda: box.keeper._sha256 != "")
    desk.click(box.accept)
    layer = desk.viewer.layers[NAME]
    layer.paint((1, 5, 5), 9)
    for step in (layer.undo, layer.redo, layer.undo, layer.undo):
        step()
    desk.qtbot.waitUntil(lambda: [changes_in(p) for p in kept_in(own_folder)] == [6])
    _, again = another_day(desk, make_napari_viewer, cells)
    desk.qtbot.waitUntil(lambda: again.keeper._sha256 != "" and not again.keeper._reader.is_busy)
    assert not again.kept.restore.isVisible()


def test_closing_at_once_keeps_the_copy_and_an_older_one_stays(
    desk, inspect, box, own_folder, make_napari_viewer, cells
):
    desk.click(box.accept)
    desk.viewer.window.remove_dock_widget(inspect)
    desk.qtbot.waitUntil(lambda: [changes_in(p) for p in kept_in(own_folder)] == [1])
    older = {path: path.read_bytes() for path in kept_in(own_folder)}
    other, again = another_day(desk, make_napari_viewer, cells)
    wrong(other, other.inspect(), MISSED)
    other.click(again.delete)  # without bringing back what was kept
    desk.qtbot.waitUntil(lambda: len(kept_in(own_folder)) == 2)
    assert all(path.read_bytes() == content for path, content in older.items())


def test_an_older_copy_can_be_chosen_and_brought_back(
    desk, inspect, box, own_folder, make_napari_viewer, cells
):
    desk.qtbot.waitUntil(lambda: box.keeper._sha256 != "")
    desk.click(box.accept)
    desk.viewer.layers[NAME].paint((1, 5, 5), 9)
    first = desk.viewer.layers[NAME].data.copy()
    desk.viewer.window._qt_window.hide()
    desk.viewer.layers.remove(NAME)
    desk.viewer.window._qt_window.show()
    wrong(desk, inspect, MISSED)
    desk.click(box.delete)
    desk.qtbot.waitUntil(lambda: sorted(map(changes_in, kept_in(own_folder))) == [1, 2])
    other, again = another_day(desk, make_napari_viewer, cells)
    desk.qtbot.waitUntil(again.kept.which.isVisible)
    texts = [again.kept.which.itemText(k) for k in range(again.kept.which.count())]
    assert [t.split(", ")[1] for t in texts] == ["with 1 edit", "with 2 edits"]
    assert again.kept.text.text().endswith("with 1 edit; it is one of 2.")
    other.qtbot.keyClick(again.kept.which, Qt.Key.Key_Down)
    assert again.kept.text.text().endswith("with 2 edits; it is one of 2.")
    other.click(again.kept.restore)
    assert (other.viewer.layers[NAME].data == first).all()
    desk.qtbot.waitUntil(lambda: len(kept_in(own_folder)) == 3)
    other.viewer.window._qt_window.hide()
    other.viewer.layers.remove(NAME)
    other.viewer.window._qt_window.show()
    desk.qtbot.waitUntil(lambda: again.kept.which.count() == 3)
    assert again.kept.which.itemText(0).endswith("with 2 edits")


def test_painting_with_the_dock_closed_is_scored_and_kept_when_it_opens_again(
    desk, inspect, box, own_folder
):
    desk.click(box.accept)
    desk.viewer.window.remove_dock_widget(inspect)
    layer = desk.viewer.layers[NAME]
    layer.fill((0, 45, 45), 0)  # GT 2
    again = desk.inspect().judge.mending
    desk.qtbot.waitUntil(lambda: again.mended.result is not None)
    assert scores(again, 2)[2:] == ["1", "2"]
    layer.undo()  # a stroke from before the dock was there
    assert scores(again, 2)[2:] == ["2", "2"]
    desk.qtbot.waitUntil(lambda: len(kept_in(own_folder)) == 2)


def test_a_copy_of_another_ground_truth_is_not_offered(desk, inspect, box, own_folder):
    desk.qtbot.waitUntil(lambda: box.keeper._sha256 != "")
    desk.click(box.accept)
    desk.qtbot.waitUntil(lambda: len(kept_in(own_folder)) == 1)
    before = box.keeper._sha256
    desk.viewer.layers["gt"].data_setitem(tuple(np.array([k]) for k in (0, 70, 70)), 9)
    desk.validate()
    desk.qtbot.waitUntil(lambda: box.keeper._sha256 not in ("", before))
    desk.qtbot.waitUntil(lambda: not box.keeper._reader.is_busy)
    assert box.mended.result is None
    assert not box.kept.restore.isVisible()


def test_a_copy_that_cannot_be_kept_is_said_so_and_stays(desk, inspect, box, own_folder):
    judging = inspect.judge.judging
    desk.qtbot.waitUntil(lambda: judging._identities is not None and not judging._unsaved.waiting)
    (own_folder / "napari-verdict").rename(own_folder / "moved")
    (own_folder / "napari-verdict").write_text("a file where the folder should be")
    desk.click(box.accept)
    bar = inspect.judge.bar
    desk.qtbot.waitUntil(lambda: "Not saved for" in bar.trouble.text())
    assert NAME in desk.viewer.layers
    (own_folder / "napari-verdict").unlink()
    desk.qtbot.waitUntil(lambda: len(kept_in(own_folder)) == 1)
    desk.qtbot.waitUntil(lambda: not bar.trouble.isVisible())


def test_the_outline_stays_on_top_of_the_copy(desk, box):
    desk.click(box.accept)
    names = [layer.name for layer in desk.viewer.layers]
    assert names[-1].startswith("looking at")
    assert names[-2] == NAME
    assert desk.viewer.layers.selection.active.name == NAME


# ---- ground truth that is not in memory


@pytest.fixture
def lazy(desk, cells):
    desk.add([array.from_array(labels, chunks=(1, 40, 40)) for labels in cells])
    desk.validate()
    return wrong(desk, desk.inspect(), EXTRA)


def settled(desk, box):
    desk.qtbot.waitUntil(lambda: not box.mended.doing)


def test_a_ground_truth_on_the_disk_is_copied_first_and_mended_then(desk, lazy, cells):
    box = lazy
    assert box.copy.isVisible()
    assert box.copy.text() == "Copy into memory (1 MB)"
    assert not box.accept.isEnabled()
    assert "copy it first" in box.accept.toolTip()
    desk.click(box.copy)
    settled(desk, box)
    assert not box.copy.isVisible()
    layer = desk.viewer.layers[NAME]
    assert isinstance(layer.data, np.ndarray)
    assert (layer.data == cells[0]).all()
    before = scores(box, 1)
    desk.click(box.accept)
    settled(desk, box)
    assert (layer.data[1, 60:66, 60:66] == 4).all()
    assert (scores(box, 1), scores(box, 2)[2:]) == (before, ["2", "2"])
    layer.undo()
    settled(desk, box)
    assert scores(box, 2) == before
    layer.redo()
    layer.paint((0, 45, 45), 0)
    settled(desk, box)
    assert scores(box, 2)[2:] == ["2", "2"]
    result = box.mended.result
    anew = compare({"unet": cells[1]}, layer.data.copy(), "tyx")
    assert [s.value for s in anew.rows] == pytest.approx(
        [s.value for s in result.rows], nan_ok=True
    )


def test_copying_can_be_cancelled_and_begun_again(desk, lazy, monkeypatch):
    go_on, copied = threading.Event(), following.copied

    def slowly(truth, token):
        yield Progress(0, 2, "copying the ground truth")
        assert go_on.wait(20)
        return (yield from copied(truth, token))

    monkeypatch.setattr(following, "copied", slowly)
    desk.click(lazy.copy)
    assert lazy.work.stop_it.isVisible()
    assert not lazy.copy.isEnabled()
    desk.click(lazy.work.stop_it)
    go_on.set()
    assert not lazy.work.isVisible()
    assert lazy.copy.isEnabled()
    desk.click(lazy.copy)
    settled(desk, lazy)
    assert NAME in desk.viewer.layers


def test_one_that_does_not_fit_says_how_much_there_is_and_the_way_out(desk, lazy, monkeypatch):
    monkeypatch.setattr(mended, "physical_memory", lambda: 100_000)
    lazy.update_shown()
    assert not lazy.copy.isVisible()
    assert not lazy.accept.isEnabled()
    assert "Crop the layers" in lazy.accept.toolTip()


def test_strokes_while_a_worker_scores_are_neither_lost_nor_counted_twice(
    desk, inspect, box, cells, monkeypatch
):
    desk.click(box.accept)
    layer, go_on, rescored = desk.viewer.layers[NAME], threading.Event(), following.rescored
    monkeypatch.setattr(scored_layer, "AT_ONCE", 0)

    def slowly(*args):
        assert go_on.wait(20)
        return rescored(*args)

    monkeypatch.setattr(following, "rescored", slowly)
    layer.paint((0, 45, 45), 0)
    assert box.mended.doing
    assert not box.accept.isEnabled()
    assert "a moment" in box.accept.toolTip()
    layer.fill((1, 25, 15), 0)
    layer.paint((0, 20, 20), 12)
    layer.undo()
    go_on.set()
    settled(desk, box)
    anew = compare({"unet": cells[1]}, layer.data.copy(), "tyx")
    assert box.mended.result.objects.equals(anew.objects)
