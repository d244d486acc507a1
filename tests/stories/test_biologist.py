"""A biologist ran a denoiser from a menu and has no code: can these images be used?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from stories.person import Person

pytestmark = pytest.mark.gui
LIST = "What is wrong, worst first"
FILES = ("raw.ome.tif", "prediction_artefact.ome.tif", "gt.ome.tif")


def boxes(folder: Path) -> dict[str, list[int]]:
    """Return where artefacts were planted, by kind: y0, x0, y1, x1."""
    planted = json.loads((folder / "planted.json").read_text())["artefacts"]
    return {one["kind"]: one["box"] for one in planted}


def lies_in(box: list[int], y: float, x: float) -> bool:
    return box[0] <= y < box[2] and box[1] <= x < box[3]


def looked_at(person: Person) -> tuple[float, float]:
    """Return the pixel in the middle of the canvas."""
    layer = person.viewer.layers["raw.ome"]
    y, x = layer.world_to_data(np.array(person.viewer.scene.camera.center[-2:]))
    return float(y), float(x)


@pytest.fixture(params=["bpae_actin", "hela_mito"])
def images(request: Any, shared_data: Path) -> Path:
    return shared_data / "denoising" / str(request.param)


def test_from_three_clicks_to_the_artefacts_and_what_they_are(person, images, own_folder):
    planted = boxes(images)
    person.drop(*(images / name for name in FILES))
    person.look("biologist files dropped")

    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.look("biologist dock")
    person.click("Validate")
    person.wait(lambda: person.sees("Verdict"), "the verdict")
    assert person.clicks == 3
    verdict = person.find("Verdict").text()
    assert "nearer to the ground truth than raw" in verdict
    assert "worse than raw" in verdict
    person.wait(lambda: "SSIM · prediction_artefact.ome" in person.viewer.layers, "the maps")
    person.pause()
    person.look("biologist verdict")

    before = person.state[2:]
    person.click("Inspect errors")
    person.wait(lambda: person.sees(LIST), "the worst places")
    visited = []
    for _ in range(3):
        person.press("N")
        visited.append(looked_at(person))
        person.look("biologist place")
    for kind in ("hallucinated filament", "erased structure"):
        assert any(lies_in(planted[kind], *place) for place in visited), (kind, visited)

    person.press("U")
    assert person.state[2:] == before
    person.press("Shift+N")
    here = person.state
    outline = next(n for n in person.shown if n.startswith("looking at"))
    for key, name in (("H", "raw"), ("G", "gt"), ("J", "prediction_artefact")):
        person.press(key, held=True)
        assert person.shown == {f"{name}.ome", outline}
        person.look(f"biologist holds {key}")
        person.release(key)
        assert person.state == here

    person.press("Shift+E")
    person.press("Q")
    person.type("A filament that is not there")
    person.press("Return")
    person.look("biologist judged")
    said = [row[5:] for row in person.reads(LIST)]
    assert sum("E" in cell for row in said for cell in row) == 1
    person.wait(lambda: list(own_folder.rglob("session.json")), "the judgement to be kept")
    kept = json.loads(next(own_folder.rglob("session.json")).read_text())
    assert "A filament that is not there" in json.dumps(kept)


def test_without_ground_truth_there_is_no_score_but_a_way_to_look(person, images):
    person.drop(*(images / name for name in FILES[:2]))
    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.look("unsupervised dock")
    assert not person.sees("Scores")
    before = person.state
    person.press("H", held=True)
    person.look("unsupervised raw held")
    assert person.shown == {"raw.ome"}
    person.release("H")
    assert person.state == before
    person.click("Show signed difference")
    person.wait(lambda: "minus raw · prediction_artefact.ome" in person.shown, "the difference")
    person.look("unsupervised difference")


def test_raw_is_asked_for_what_it_has_no_photons_for_in_three_clicks(person, images):
    planted = boxes(images)
    person.drop(*(images / name for name in FILES[:2]))
    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.click("Check against raw")
    person.wait(lambda: person.sees("Verdict"), "the answer")
    assert person.clicks == 3
    person.pause()
    person.look("evidence answer")
    person.click("Inspect errors")
    person.wait(lambda: person.sees(LIST), "the places")
    visited = []
    for _ in range(3):
        person.press("N")
        visited.append(looked_at(person))
        person.look("evidence place")
    for kind in ("hallucinated filament", "erased structure"):
        assert any(lies_in(planted[kind], *place) for place in visited), (kind, visited)
