"""Few frames and many, few objects and many, the keyboard alone: the docks hold. Runs offline."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from controls import controls_of, mute
from napari_verdict.samples import segmentation_pair
from napari_verdict.widgets.session import session_of

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
LIST = "What is wrong, worst first"
MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "napari.yaml").read_text())["contributions"]
COMMANDS = {one["id"]: one["python_name"] for one in MANIFEST["commands"]}
DOCKS = {one["display_name"]: COMMANDS[one["command"]] for one in MANIFEST["widgets"]}


def validated(person: Person, truth: Any, prediction: Any) -> None:
    """Open two label images and press Validate."""
    axes = ("t", "y", "x")[-truth.ndim :]
    person.viewer.add_labels(truth, name="gt", axis_labels=axes)
    person.viewer.add_labels(prediction, name="model", axis_labels=axes)
    person.menu("Plugins", "Verdict", "Validate (Verdict)")
    person.click("Validate")
    person.wait(lambda: "predicted objects · model" in person.viewer.layers, "the overlays")


def test_the_keyboard_alone_leads_from_the_command_palette_to_a_judgement(person: Person) -> None:
    sample = segmentation_pair()
    person.viewer.add_image(sample["raw"], name="raw")
    person.viewer.add_labels(sample["ground_truth"], name="gt")
    person.viewer.add_labels(sample["predictions"]["Otsu, watershed"], name="watershed")
    person.focus_canvas()
    person.press("Ctrl+Shift+P")  # napari's command palette
    person.type("Validate")
    person.press("Return")
    person.tab_to("Validate")
    person.press("Return")
    person.wait(lambda: "predicted objects · watershed" in person.viewer.layers, "the overlays")
    person.tab_to("Inspect errors")
    person.press("Space")
    person.wait(lambda: person.sees(LIST), "the list")
    every = [row[0] for row in person.reads(LIST)]
    missed = sum("missed" in kind for kind in every)
    person.tab_to(f"missed: {missed}")
    person.press("Space")
    assert [row[0] for row in person.reads(LIST)] == [k for k in every if "missed" not in k]
    person.press("N")
    person.press("N")
    before = person.state
    for key, alone in (("H", "raw"), ("G", "gt"), ("J", "watershed")):
        person.press(key, held=True)
        assert alone in person.shown
        assert "predicted objects · watershed" not in person.shown
        person.release(key)
        assert person.state == before
    person.press("W")
    assert person.viewer.canvas.grid.enabled
    person.press("W")
    assert person.state == before
    person.press("Shift+F")
    person.press("Q")
    person.type("of no account")
    person.press("Return")
    key = session_of(person.viewer).selected
    mark = session_of(person.viewer).judgements.marks[key]
    assert (mark.judgement, mark.note) == ("fine", "of no account")
    person.press("U")
    assert person.clicks == 0


@pytest.mark.parametrize(("frames", "wrong"), [(1, 0), (500, 437)])
def test_one_frame_or_five_hundred_the_one_that_is_wrong_is_stepped_to(person, frames, wrong):
    truth = np.zeros((frames, 24, 24), np.uint16)
    truth[:, 4:14, 6:16], truth[:, 16:22, 2:8] = 1, 2
    prediction = truth.copy()
    prediction[wrong, 4:14] = 0
    validated(person, truth, prediction)
    person.click("Inspect errors")
    person.wait(lambda: person.sees(LIST), "the list")
    assert len(person.reads(LIST)) == 1
    person.press("N")
    assert person.viewer.dims.current_step[0] == wrong
    assert session_of(person.viewer).selected.frame == (wrong,)


def test_a_hundred_thousand_objects_are_listed_and_the_last_is_flown_to(person):
    side = 317
    truth = np.zeros((4 * side, 4 * side), np.uint32)
    ids = np.arange(1, side**2 + 1, dtype=np.uint32).reshape(side, side)
    for y in range(2):
        for x in range(2):
            truth[y::4, x::4] = ids
    validated(person, truth, np.where(truth % 2, truth, 0).astype(np.uint32))
    person.click("Inspect errors")
    person.wait(lambda: person.sees(LIST), "the list")
    rows = person.find(LIST).model().rowCount()
    assert rows == side**2 // 2
    person.click_cell(LIST, 0, 0)
    person.press("End")
    last = session_of(person.viewer).selected
    y, x = np.nonzero(truth == last.id)
    centre = person.viewer.scene.camera.center[-2:]
    assert np.allclose(centre, (y.mean(), x.mean()), atol=1)
    assert last.id != session_of(person.viewer).result.objects.id.iloc[0]


@pytest.mark.parametrize("name", DOCKS)
def test_every_control_of_every_dock_has_a_tooltip_and_a_name(person, name):
    sample = segmentation_pair()
    person.viewer.add_image(sample["raw"], name="raw")
    person.viewer.add_labels(sample["ground_truth"], name="gt")
    person.viewer.add_labels(sample["predictions"]["Otsu, watershed"], name="watershed")
    module, _, cls = DOCKS[name].partition(":")
    dock = getattr(import_module(module), cls)(person.viewer)
    person.viewer.window.add_dock_widget(dock, name=f"{name} (Verdict)", area="right")
    person.pause()
    assert controls_of(dock)
    assert not mute(dock)
