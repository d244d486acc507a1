"""A noisy image is made from a clean one in one step, and a pair that was acquired is checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from qtpy.QtCore import Qt

from builders import texture
from napari_verdict.widgets.noisy import EXPOSURE, NoisyWidget

pytestmark = pytest.mark.gui


@pytest.fixture
def dock(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    dock = NoisyWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Noisy", area="right")
    dock.viewer, dock.qtbot = viewer, qtbot
    yield dock
    dock.viewer = dock.qtbot = None


def press(dock, button):
    with dock.qtbot.waitSignal(dock.job.done, timeout=120_000):
        dock.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_one_press_makes_a_noisy_image_that_lies_on_the_clean_one(dock):
    placed = {"scale": (0.2, 0.2), "units": ("um", "um"), "translate": (3.0, 4.0)}
    clean = dock.viewer.add_image(texture(), name="clean", **placed)
    dock.making.spins["photons"].setValue(50)
    press(dock, dock.making.make)
    noisy = dock.viewer.layers["clean (noisy)"]
    assert noisy.data.dtype == np.uint16
    assert noisy.units == clean.units
    np.testing.assert_array_equal(noisy.translate, clean.translate)
    assert np.corrcoef(noisy.data.ravel(), clean.data.ravel())[0, 1] > 0.7
    made = noisy.metadata[EXPOSURE]
    assert (made["made_from"], made["photons"], made["gain"], made["seed"]) == ("clean", 50, 2.2, 0)


def test_the_record_is_saved_beside_the_image(dock, tmp_path):
    dock.viewer.add_image(texture(), name="clean")
    press(dock, dock.making.make)
    path = tmp_path / "noisy.ome.tif"
    with dock.qtbot.waitSignal(dock.job.done, timeout=120_000):
        dock.save(path)
    assert path.is_file()
    assert json.loads((tmp_path / "noisy.ome.json").read_text())["read_noise"] == 1.6
    assert "Saved as" in dock.said.text()


def test_a_clean_image_of_one_grey_value_is_refused_in_a_sentence(dock):
    dock.viewer.add_image(np.full((32, 32), 5.0), name="flat")
    press(dock, dock.making.make)
    assert dock.said.text().startswith("The clean image is dark at 5 and bright at 5")
    assert len(dock.viewer.layers) == 1


def test_a_shifted_pair_is_found_out_and_the_common_region_added(dock):
    image = texture((128, 128))
    dock.viewer.add_image(image[4:, :], name="low")
    dock.viewer.add_image(image[:-4, :], name="high")
    dock.pair.noisy.setCurrentText("low")
    dock.pair.clean.setCurrentText("high")
    press(dock, dock.pair.check)
    assert dock.pair.sentence.text()
    dock.qtbot.mouseClick(dock.pair.use, Qt.MouseButton.LeftButton)
    low, high = (dock.viewer.layers[f"{n} (common region)"] for n in ("low", "high"))
    np.testing.assert_array_equal(low.data, high.data)


def test_without_images_nothing_is_offered(dock):
    assert not dock.making.make.isEnabled()
    assert not dock.pair.check.isEnabled()


def test_the_region_of_a_pair_is_there_to_add_whatever_was_made_since(dock):
    whole = texture((140, 140))
    dock.viewer.add_image(whole[:120, :120], name="noisy one")
    dock.viewer.add_image(whole[4:124, 3:123], name="clean one")
    dock.pair.clean.setCurrentText("clean one")
    press(dock, dock.pair.check)
    press(dock, dock.making.make)
    dock.qtbot.mouseClick(dock.pair.use, Qt.MouseButton.LeftButton)
    names = [layer.name for layer in dock.viewer.layers]
    assert names[-2:] == ["noisy one (common region)", "clean one (common region)"]


def test_a_noisy_image_that_was_deleted_cannot_be_saved(dock):
    dock.viewer.add_image(texture(), name="clean")
    press(dock, dock.making.make)
    assert dock.making.save.isEnabled()
    dock.viewer.window._qt_window.hide()
    dock.viewer.layers.remove("clean (noisy)")
    assert not dock.making.save.isEnabled()


def test_a_stack_whose_axes_have_no_names_is_exposed_plane_by_plane(dock):
    stack = np.stack([texture()] * 3)
    dock.viewer.add_image(stack, name="stack")
    press(dock, dock.making.make)
    noisy = dock.viewer.layers["stack (noisy)"].data
    assert noisy.shape == stack.shape
    assert (noisy[0] != noisy[1]).any()


def test_of_more_axes_than_there_are_names_it_says_what_to_do(dock):
    dock.viewer.add_image(np.zeros((2, 2, 2, 2, 8, 8)), name="all")
    dock.qtbot.mouseClick(dock.making.make, Qt.MouseButton.LeftButton)
    assert "Split Stack" in dock.said.text()
