"""A biologist denoised an image and has no ground truth: can it be believed, and where not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_verdict import samples
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
LIST = "What is wrong, worst first"


@pytest.fixture
def bench(person: Person) -> Person:
    """The sample is open, the Validate dock too, and raw was asked."""
    viewer = person.viewer
    viewer.open_sample("napari-verdict", "evidence")
    viewer.window.add_plugin_dock_widget("napari-verdict", "Validate")
    person.click("Check against raw")
    person.wait(lambda: "evidence · inventive" in viewer.layers, "the evidence")
    person.pause()
    return person


def seen(viewer):
    """Return the images that can be seen, the top one first."""
    images = [x for x in viewer.layers if x.visible and x._type_string == "image"]
    return [x.name for x in reversed(images)]


def test_it_is_seen_at_once_what_was_made_up_and_what_was_erased(bench):
    verdict = bench.find("Verdict").text()
    assert "1 place that inventive shows" in verdict
    assert "1 that raw has" in verdict
    assert "not validation" in bench.find("What is claimed").text()
    assert seen(bench.viewer)[:2] == ["evidence · inventive", "inventive"]


def test_another_capture_tells_the_error_against_the_clean_image_nobody_has(bench):
    table = bench.find("Scores").model()
    rows = {table.headerData(r, Qt.Orientation.Vertical): r for r in range(table.rowCount())}
    names = [table.headerData(c, Qt.Orientation.Horizontal) for c in range(table.columnCount())]
    assert names == ["raw", "careful", "inventive"]
    cells = [table.data(table.index(rows["uPSNR (dB)"], c)) for c in range(3)]
    decibels = [float(c.lstrip("▲").split("±")[0]) for c in cells]
    # the intervals of the two predictions meet, so neither is called best
    assert not any(c.startswith("▲") for c in cells)
    assert decibels[1] > decibels[2] > decibels[0] + 3


def test_from_the_list_to_the_place_and_raw_prediction_and_residual_there(bench):
    viewer, planted = bench.viewer, samples.denoising_without_truth()
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the Inspect dock")
    for place in (planted["erased"], planted["made_up"]):
        bench.press("N")
        centre = np.array(viewer.scene.camera.center[-2:]) / planted["pixel_size"]
        assert np.hypot(*(centre - place)) < 12
    before = seen(viewer)
    for key, name in (
        ("H", "raw"),
        ("J", "inventive"),
        ("G", "residual · inventive"),
    ):
        bench.press(key, held=True)
        assert seen(viewer) == [name]
        bench.release(key)
        assert seen(viewer) == before
    bench.click("Real error")
    (mark,) = session_of(viewer).judgements.marks.values()
    assert mark.judgement == "real error"


def test_a_click_on_the_coloured_place_finds_its_row(bench):
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the Inspect dock")
    bench.pause()
    place = samples.denoising_without_truth()["made_up"]
    bench.click_image(bench.viewer.layers["raw"], *place)
    bench.wait(lambda: session_of(bench.viewer).selected is not None, "a row")
    entries = session_of(bench.viewer).result.entries("inventive")
    row = entries.find(session_of(bench.viewer).selected)
    assert entries.kinds[entries.kind[row]] == "shown without photons"


def test_the_careful_prediction_is_not_contradicted(bench):
    bench.click("Inspect errors")
    bench.wait(lambda: bench.sees(LIST), "the Inspect dock")
    bench.choose("Candidate that is listed", "careful")
    bench.wait(lambda: seen(bench.viewer)[:1] == ["evidence · careful"], "its evidence")
    assert not bench.sees(LIST)
    assert any("no proof" in label.text() for label in _labels(bench))


def _labels(person):
    from qtpy.QtWidgets import QLabel

    return [x for x in person.window.findChildren(QLabel) if x.isVisible()]
