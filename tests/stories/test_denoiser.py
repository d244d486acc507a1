"""A biologist denoised an image and has no ground truth: can it be believed, and where not?"""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_on_real_images_what_was_planted_is_flown_to_first_and_seen_in_raw(
    person, shared_data, case
):
    viewer, folder = person.viewer, shared_data / "denoising" / case
    person.drop(folder / "raw.ome.tif")
    person.drop(folder / "prediction_artefact.ome.tif")
    person.drop(folder / "prediction_cnn.ome.tif")
    viewer.window.add_plugin_dock_widget("napari-verdict", "Validate")
    person.click("Check against raw")
    evidence = "evidence · prediction_artefact.ome"
    person.wait(lambda: evidence in viewer.layers, "the evidence")
    person.pause()
    person.look(f"{case} evidence over the prediction")
    assert seen(viewer)[:2] == [evidence, "prediction_artefact.ome"]
    verdict = person.find("Verdict").text()
    assert "1 place that prediction_artefact.ome shows" in verdict
    assert "consistent with noise" in verdict
    assert "hold H to see raw there" in verdict
    person.click("Inspect errors")
    person.wait(lambda: person.sees(LIST), "the Inspect dock")
    person.press("N")
    person.look(f"{case} the first entry flown to")
    planted = json.loads((folder / "planted.json").read_text())["artefacts"]
    y0, x0, y1, x1 = next(a["box"] for a in planted if a["kind"] == "erased structure")
    prediction = viewer.layers["prediction_artefact.ome"]
    pixel = prediction.scale[-2:]
    centre = np.array(viewer.scene.camera.center[-2:]) / pixel
    assert np.hypot(*(centre - ((y0 + y1) / 2, (x0 + x1) / 2))) < 16
    inside = (slice(y0 + 6, y1 - 6), slice(x0 + 6, x1 - 6))
    assert viewer.layers["raw.ome"].data[inside].mean() > prediction.data[inside].mean() + 10
    assert "Raw has photons" in person.find("What is looked at").text()
    for key, name in (
        ("H", "raw.ome"),
        ("J", "prediction_artefact.ome"),
        ("G", "residual · prediction_artefact.ome"),
    ):
        person.press(key, held=True)
        person.look(f"{case} held {key}")
        assert seen(viewer) == [name]
        person.release(key)
    person.choose("What ranks the places", "disagree")
    rows = person.reads(LIST)
    assert {row[0] for row in rows} == {"✗ raw supports prediction_cnn.ome"}


def test_what_predictions_have_in_common_is_shown_by_clicks(bench):
    for name, layer in (
        ("mean", "mean · all predictions"),
        ("spread", "spread · all predictions"),
        ("minus another prediction", "difference · inventive − careful"),
    ):
        bench.click(name)
        bench.wait(lambda n=layer: n in bench.viewer.layers, layer)
        bench.look(f"joint {name}")
        assert seen(bench.viewer)[0] == layer


def test_before_a_run_it_is_said_what_a_second_capture_buys(person):
    viewer = person.viewer
    planted = samples.denoising_without_truth()
    viewer.add_image(planted["raw"], name="raw")
    viewer.add_image(planted["predictions"]["careful"], name="careful")
    viewer.window.add_plugin_dock_widget("napari-verdict", "Validate")
    person.wait(lambda: person.sees("Check against raw"), "the dock")
    said = [label.text() for label in _labels(person)]
    assert any("Take every field twice" in text for text in said)


def _labels(person):
    from qtpy.QtWidgets import QLabel

    return [x for x in person.window.findChildren(QLabel) if x.isVisible()]
