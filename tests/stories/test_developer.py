"""A model developer hunts for what is behind a score: which objects, why, and is it the model?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_verdict.report.replay import replay
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from stories.person import Person

pytestmark = pytest.mark.gui
LIST = "What is wrong, worst first"
FILES = {
    "raw": ("image", "dsb2018/raw.ome.tif"),
    "gt": ("labels", "dsb2018/gt_labels.ome.tif"),
    "components": ("labels", "dsb2018/prediction_unet_cc.ome.tif"),
    "watershed": ("labels", "dsb2018/prediction_unet_watershed.ome.tif"),
}


@pytest.fixture
def bench(person: Person, read_shared: Any) -> Person:
    """Two segmentations are validated."""
    for name, (kind, file) in FILES.items():
        getattr(person.viewer, f"add_{kind}")(read_shared(file), name=name)
    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.click("Validate")
    person.wait(lambda: "predicted objects · watershed" in person.viewer.layers, "the overlays")
    person.pause()
    person.look("developer validated")
    return person


def score(person: Person, title: str, candidate: int) -> float:
    """Read a score off the table."""
    view = person.find("Scores")
    model = view.model()
    titles = [model.headerData(r, Qt.Orientation.Vertical) for r in range(model.rowCount())]
    row = next(r for r, one in enumerate(titles) if one.startswith(title))
    return float(person.reads("Scores")[row][candidate].lstrip("▲"))


def kinds(person: Person) -> set[str]:
    """Return the kinds that are listed, without their signs."""
    return {row[0].split(" ", 1)[1] for row in person.reads(LIST)}


def test_the_line_of_the_curve_is_dragged_and_the_scores_are_those_of_the_threshold(bench):
    bench.click("Curve")
    curve = bench.find("Scores over thresholds")
    bench.wait(lambda: curve._tables, "the curves")
    bench.pause()
    bench.look("developer curve")
    before = score(bench, "F1", 1)
    across, half = curve.width(), curve.height() // 2
    start = QPoint(across * 45 // 100, half)
    bench.drag(curve, start, *(start + QPoint(across * k // 50, 0) for k in range(1, 16)))
    threshold = session_of(bench.viewer).result.comparison.settings.iou_threshold
    assert threshold > 0.6
    bench.look("developer dragged")
    table = curve._tables["watershed"]
    near = np.interp(threshold, table["threshold"], table["f1"])
    assert score(bench, "F1", 1) == pytest.approx(near, abs=0.03)
    assert score(bench, "F1", 1) < before
    bench.wait(
        lambda: "predicted objects · watershed" in bench.viewer.layers and not bench.sees("Cancel"),
        "the overlays",
    )


def test_what_one_finds_and_the_other_misses_and_a_split_by_the_pixels(bench):
    result = session_of(bench.viewer).result
    bench.menu("Plugins", "Verdict", "Plots (Verdict)")
    bench.look("developer plots")
    bench.choose("Plot", "Two predictions")
    bench.look("developer two predictions")
    found = {
        name: set(result.objects.query("candidate == @name and outcome == 'matched'")["id"])
        & set(result.objects.query("candidate == @name and role == 'ground truth'")["id"])
        for name in ("components", "watershed")
    }
    del found
    bench.click(next(t for t in texts(bench) if t.startswith("B finds, A misses")))
    bench.look("developer clicked")
    bench.menu("Plugins", "Verdict", "Inspect (Verdict)")
    bench.look("developer B finds A misses")
    listed = bench.reads(LIST)
    print(listed[:3], len(listed))


def texts(person: Person) -> list[str]:
    from qtpy.QtWidgets import QPushButton

    return [b.text() for b in person.window.findChildren(QPushButton) if b.isVisible()]


def test_a_wrong_ground_truth_is_mended_and_all_is_saved_and_replayed(
    bench, tmp_path: Path
) -> None:
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the list")
    chip = next(t for t in texts(bench) if "extra" in t)
    bench.click(chip, modifier=Qt.KeyboardModifier.ControlModifier)
    bench.press("N")
    bench.look("developer extra")
    bench.press("Shift+G")
    bench.look("developer ground truth wrong")
    accept = next(t for t in texts(bench) if t.startswith("Accept pred"))
    bench.click(accept)
    bench.pause()
    bench.look("developer accepted")
    bench.press("Ctrl+Z")
    bench.pause()
    bench.look("developer undone")
    bench.press("W")
    bench.look("developer side by side")
    bench.press("W")
    bench.turn_to("Validate")
    bench.name_folder("Save results", tmp_path / "run")
    bench.wait(lambda: (tmp_path / "run" / "results.json").exists(), "the results")
    bench.look("developer saved")
    print(replay)
