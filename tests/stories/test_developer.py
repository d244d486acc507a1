"""A model developer hunts for what is behind a score: which objects, and whose fault?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_verdict import compare_labels
from napari_verdict.report.replay import differences, read_record, replay
from napari_verdict.widgets.session import session_of
from stories.person import CTRL

if TYPE_CHECKING:
    from pathlib import Path

    from stories.person import Person

pytestmark = pytest.mark.gui
LIST = "What is wrong, worst first"
GT, A, B = "gt_labels.ome", "prediction_unet_cc.ome", "prediction_unet_watershed.ome"


@pytest.fixture
def bench(person: Person, shared_data: Path) -> Person:
    """The files of two segmentations fell on the window, and Validate was pressed."""
    person.drop(*(shared_data / "dsb2018" / f"{name}.tif" for name in (GT, A, B, "raw.ome")))
    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.look("developer dock")
    person.click("Validate")
    person.wait(lambda: f"predicted objects · {B}" in person.viewer.layers, "the overlays")
    person.pause()
    person.look("developer validated")
    return person


def score(person: Person, title: str, candidate: int) -> float:
    """Read a score off the table."""
    model = person.find("Scores").model()
    titles = [model.headerData(r, Qt.Orientation.Vertical) for r in range(model.rowCount())]
    row = next(r for r, one in enumerate(titles) if one.startswith(title))
    return float(person.reads("Scores")[row][candidate].lstrip("▲"))


def button(person: Person, words: str) -> str:
    """Return the text of the button that can be seen and has these words in it."""
    texts = [b.text() for b in person.window.findChildren(QPushButton) if b.isVisible()]
    return next(t for t in texts if words in t)


def mended_scores(person: Person) -> list[list[str]]:
    """Read what stands under the list: scores before and after mending."""
    box = person.find("Scores before and after mending")
    grid = box.layout()
    cells = [[grid.itemAtPosition(r, c) for c in range(1, 5)] for r in (1, 2)]
    assert all(isinstance(x.widget(), QLabel) for row in cells for x in row)
    return [[x.widget().text() for x in row] for row in cells]


def pixels(person: Person, name: str) -> Any:
    return person.viewer.layers[name].data


def at(person: Person, name: str) -> tuple[float, float]:
    """Return the pixel of a layer in the middle of the canvas."""
    centre = np.array(person.viewer.scene.camera.center[-2:])
    y, x = person.viewer.layers[name].world_to_data(centre)
    return float(y), float(x)


def lies_in(mask: Any, y: float, x: float) -> bool:
    """Whether a pixel lies in the box around a mask."""
    rows, columns = np.nonzero(mask)
    return bool(
        rows.min() - 1 <= y <= rows.max() + 1 and columns.min() - 1 <= x <= columns.max() + 1
    )


def test_the_line_of_the_curve_is_dragged_and_the_scores_are_those_of_the_threshold(bench):
    bench.click("Curve")
    curve = bench.find("Scores over thresholds")
    bench.wait(lambda: curve._tables, "the curves")
    bench.pause()
    bench.look("developer curve")
    start = QPoint(curve.width() * 45 // 100, curve.height() // 4)
    bench.drag(curve, start, *(start + QPoint(6 * k, 0) for k in range(1, 16)))
    threshold = session_of(bench.viewer).result.comparison.settings.iou_threshold
    assert threshold > 0.6
    bench.look("developer dragged")
    again = compare_labels(pixels(bench, B), pixels(bench, GT), iou_threshold=threshold)
    assert score(bench, "F1", 1) == round(again.score("f1", "prediction").value, 3)
    missed = int(score(bench, "missed", 1))
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the list")
    truth = [row for row in bench.reads(LIST) if row[1].startswith("GT")]
    assert len(truth) == missed


def test_what_one_finds_and_the_other_misses_then_the_pixels_of_a_split_side_by_side(bench):
    bench.menu("Plugins", "Verdict", "Plots (Verdict)")
    bench.turn_to("Validate")
    bench.turn_to("Plots")
    bench.choose("Plot", "Two predictions")
    bench.look("developer two predictions")
    found = [set() for _ in "AB"]
    for one, name in zip(found, (A, B), strict=True):
        result = compare_labels(pixels(bench, name), pixels(bench, GT))
        objects = result.objects
        matched = objects[(objects.role == "ground truth") & (objects.outcome == "matched")]
        one.update(matched.id)
    only_b = found[1] - found[0]
    bench.click(button(bench, "B finds, A misses"))
    bench.wait(lambda: bench.sees(LIST), "the list")
    assert {row[1] for row in bench.reads(LIST)} == {f"GT {i}" for i in only_b}
    first = session_of(bench.viewer).selected
    assert lies_in(pixels(bench, GT) == first.id, *at(bench, GT))
    bench.look("developer B finds A misses")

    bench.click("Reset the filter and the order")
    bench.click(button(bench, "M merge"), modifier=CTRL)
    bench.click(button(bench, "S split"), modifier=CTRL)
    bench.press("N")
    split = session_of(bench.viewer).selected
    assert {row[0] for row in bench.reads(LIST)} == {"S split"}
    layer = GT if split.role == "ground truth" else B
    assert lies_in(pixels(bench, layer) == split.id, *at(bench, layer))
    bench.look("developer split")

    before = bench.state
    bench.press("W")
    bench.wait(lambda: bench.viewer.canvas.grid.enabled, "the panels")
    bench.look("developer side by side")
    bench.press("W")
    bench.wait(lambda: not bench.viewer.canvas.grid.enabled, "one view")
    bench.pause()
    bench.look("developer one view again")
    assert bench.state == before


def test_a_wrong_ground_truth_is_mended_and_what_is_saved_gives_the_same_numbers(bench, tmp_path):
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the list")
    bench.click(button(bench, "M merge"), modifier=CTRL)
    bench.press("N")
    bench.look("developer merge")
    bench.press("Shift+G")
    bench.look("developer ground truth wrong")
    truth = pixels(bench, GT).copy()
    bench.click(button(bench, "Accept pred"))
    bench.pause()
    bench.look("developer accepted")
    before, after = mended_scores(bench)
    copy = pixels(bench, "ground truth (mended)")
    for labels, shown in ((truth, before), (copy, after)):
        known = compare_labels(pixels(bench, B), labels)
        counts = [known.score(metric, "prediction").value for metric in ("f1", "pq", "fn", "fp")]
        assert shown == [f"{counts[0]:.3f}", f"{counts[1]:.3f}", *(f"{c:.0f}" for c in counts[2:])]
    assert after != before
    assert (pixels(bench, GT) == truth).all()
    bench.press("Ctrl+Z")
    assert mended_scores(bench)[1] == before
    bench.press("Ctrl+Shift+Z")
    assert mended_scores(bench)[1] == after

    bench.turn_to("Validate")
    shown = score(bench, "F1", 1)
    bench.name_folder("Save results", tmp_path)
    bench.wait(lambda: (tmp_path / "scores_mended.csv").exists(), "the results")
    bench.wait(lambda: not bench.sees("Cancel"), "the end of saving")
    bench.look("developer saved")
    record = read_record(tmp_path / "results.json")
    again = replay(tmp_path / "results.json")
    assert differences(record, again) == []
    assert round(again.score("f1", B).value, 3) == shown
