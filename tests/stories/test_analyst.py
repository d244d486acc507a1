"""An image analyst has two segmentations and some ground truth: which, and where is it wrong?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QSlider, QStyle, QStyleOptionSlider

from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
FILES = {
    "raw": ("image", "dsb2018/raw.ome.tif"),
    "gt": ("labels", "dsb2018/gt_labels.ome.tif"),
    "components": ("labels", "dsb2018/prediction_unet_cc.ome.tif"),
    "watershed": ("labels", "dsb2018/prediction_unet_watershed.ome.tif"),
}


@pytest.fixture
def bench(person: Person, read_shared: Any) -> Person:
    """The images are open, the Validate dock too, and Validate was pressed."""
    for name, (kind, file) in FILES.items():
        getattr(person.viewer, f"add_{kind}")(read_shared(file), name=name)
    person.viewer.window.add_plugin_dock_widget("napari-verdict", "Validate")
    person.click("Validate")
    person.wait(lambda: session_of(person.viewer).result is not None, "the result")
    person.wait(lambda: "predicted objects · watershed" in person.viewer.layers, "the overlays")
    person.pause()
    return person


def row_of(person: Person, metric: str) -> int:
    """Return the row of the score table that is called so."""
    table = person.find("Scores")
    headers = [
        table.model().headerData(r, Qt.Orientation.Vertical)
        for r in range(table.model().rowCount())
    ]
    return next(r for r, h in enumerate(headers) if h.startswith(metric))


def listed(person: Person) -> int:
    """Return how many entries the list has."""
    return int(person.find("What is wrong, worst first").model().rowCount())


def test_the_better_model_is_seen_at_a_glance(bench, read_shared):
    verdict = bench.find("Verdict").text()
    assert "watershed" in verdict
    assert "components" in verdict
    table = bench.find("Scores").model()
    known = read_shared("dsb2018/expected.json")["predictions"].values()
    f1 = [f"{one['at_0.5']['f1']:.3f}" for one in known]
    row = row_of(bench, "F1")
    assert [table.data(table.index(row, c)) for c in range(2)] == [f1[0], f"▲{f1[1]}"]


def test_from_a_count_to_its_objects_and_from_one_to_the_next(bench):
    viewer = bench.viewer
    bench.click_cell("Scores", row_of(bench, "missed"), 1)
    bench.wait(lambda: bench.sees("What is wrong, worst first"), "the Inspect dock")
    result = session_of(viewer).result
    missed = int(result.score("fn", "watershed").value)
    bench.wait(lambda: listed(bench) == missed, "the missed objects")
    bench.press("N")
    first = session_of(viewer).selected
    bench.press("N")
    second = session_of(viewer).selected
    assert first != second
    assert {first.role, second.role} == {"ground truth"}
    y, x = (viewer.layers["gt"].data == second.id).nonzero()
    centre = viewer.scene.camera.center[-2:]
    assert y.min() - 1 <= centre[0] <= y.max() + 1
    assert x.min() - 1 <= centre[1] <= x.max() + 1


def test_raw_is_seen_while_a_key_is_held_and_all_is_as_before(bench):
    viewer = bench.viewer
    bench.click_cell("Scores", row_of(bench, "missed"), 1)
    bench.wait(lambda: bench.sees("What is wrong, worst first"), "the Inspect dock")
    bench.press("N")
    before = bench.state
    bench.press("H", held=True)
    assert viewer.layers["raw"].visible
    assert not viewer.layers["predicted objects · watershed"].visible
    bench.release("H")
    assert bench.state == before
    bench.press("W")
    bench.wait(lambda: viewer.canvas.grid.enabled, "the grid")
    bench.press("W")
    bench.wait(lambda: not viewer.canvas.grid.enabled, "one image")
    assert bench.state == before


def test_the_threshold_is_dragged_and_scores_and_list_follow(bench):
    bench.click_cell("Scores", row_of(bench, "missed"), 1)
    bench.wait(lambda: bench.sees("What is wrong, worst first"), "the Inspect dock")
    before = listed(bench)
    bench.turn_to("Validate")
    slider = bench.find("IoU threshold", QSlider)
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    handle = slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider)
    start = handle.center()
    bench.drag(slider, start, *(start + QPoint(12 * k, 0) for k in range(1, 7)))
    result = lambda: session_of(bench.viewer).result  # noqa: E731
    bench.wait(lambda: result().comparison.settings.iou_threshold > 0.6, "a higher threshold")
    bench.turn_to("Inspect")
    bench.wait(lambda: listed(bench) > before, "more objects that are missed")


def test_a_click_on_an_object_finds_its_row(bench):
    bench.click_cell("Scores", row_of(bench, "missed"), 1)
    bench.wait(lambda: bench.sees("What is wrong, worst first"), "the Inspect dock")
    bench.pause()
    gt = bench.viewer.layers["gt"]
    objects = session_of(bench.viewer).result.objects
    one = objects[(objects.candidate == "watershed") & (objects.outcome == "missed")].iloc[0]
    bench.click_image(gt, one.centroid_y, one.centroid_x)
    bench.wait(lambda: session_of(bench.viewer).selected is not None, "a row")
    key = session_of(bench.viewer).selected
    assert (key.role, key.id) == ("ground truth", one.id)


def test_a_wrong_ground_truth_is_judged_mended_and_undone(bench):
    viewer = bench.viewer
    bench.click_cell("Scores", row_of(bench, "missed"), 1)
    bench.wait(lambda: bench.sees("What is wrong, worst first"), "the Inspect dock")
    bench.press("N")
    key = session_of(viewer).selected
    before = viewer.layers["gt"].data.copy()
    bench.click("Judge: ground truth wrong")
    bench.click("Note")
    bench.type("drawn twice")
    bench.press("Return")
    mark = session_of(viewer).judgements.marks[key]
    assert (mark.judgement, mark.note) == ("ground truth wrong", "drawn twice")
    bench.click(f"Delete GT {key.id}")
    mended = session_of(viewer).mended
    missed = [r.score("fn", "watershed").value for r in (mended.original, mended.result)]
    assert missed[1] == missed[0] - 1
    assert not (viewer.layers["ground truth (mended)"].data == key.id).any()
    assert (viewer.layers["gt"].data == before).all()
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert mended.result.score("fn", "watershed").value == missed[0]
    bench.find(f"Delete GT {key.id}")
    bench.click("Undo judgement")
    bench.click("Undo judgement")
    assert not session_of(viewer).judgements.marks
    assert not bench.sees(f"Delete GT {key.id}")
