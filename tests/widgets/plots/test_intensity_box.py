"""Objects in the intensity curve: chosen, measured in a worker, clicked."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from builders import discs
from hands import Hand
from napari_verdict import compare_images
from napari_verdict.viewer.layers import Roles
from napari_verdict.widgets.plots.panel import PlotsPanel

pytestmark = pytest.mark.gui


@pytest.fixture
def viewer(qtbot):
    return ViewerModel()


@pytest.fixture
def panel(viewer, qtbot, rng):
    """The panel beside a result of two candidates; the third disc is dimmed in the prediction."""
    labels = discs()
    g = np.array([10, 400, 600, 800, 1000.0])[labels] + rng.normal(0, 5, labels.shape)
    p = g.copy()
    p[labels == 3] -= 300
    truth = viewer.add_image(g, name="gt")
    viewer.add_labels(labels[:-1], name="too small")
    viewer.add_labels(labels, name="cells")
    panel = PlotsPanel(viewer)
    qtbot.addWidget(panel)
    panel.resize(360, 560)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.session.roles = Roles(truth, None, ())
    panel.session.candidate = "cnn"
    panel.session.result = compare_images({"cnn": p}, g, g + rng.normal(0, 9, g.shape))
    panel.chooser.setCurrentIndex(panel.chooser.findData("intensity"))
    panel.update_plot()
    yield panel
    panel.stop()


def drawn(box):
    """The points of objects, as (n, 2)."""
    return np.transpose(box.curve._objects)


def test_raw_and_every_prediction_have_a_curve(panel):
    box = panel.plot("intensity")
    assert list(box.curve._lines) == ["raw", "cnn"]
    assert np.isfinite(box.curve._lines["cnn"].middle).any()
    assert len(drawn(box)) == 0


def test_only_labels_of_the_size_of_the_ground_truth_are_offered(panel, viewer):
    box = panel.plot("intensity")
    assert [box.labels.itemText(i) for i in range(box.labels.count())] == ["none", "cells"]
    viewer.add_labels(discs(), name="nuclei")
    assert box.labels.count() == 3
    del viewer.layers["cells"], viewer.layers["nuclei"]
    assert box.labels.currentText() == "no labels of these pixels"
    assert not box.labels.isEnabled()


def test_objects_are_measured_and_say_how_they_agree(panel, qtbot):
    box = panel.plot("intensity")
    box.labels.setFocus()
    QTest.keyClicks(box.labels, "c")  # as a person does: by the first letter
    assert box.labels.currentText() == "cells"
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    share = drawn(box)
    assert share[2, 1] < share[2, 0] - 0.1  # the dimmed disc lies below the line
    assert box.said.text().startswith("cnn, 4 objects: r = 0.")
    assert "limits of agreement, image units" in box.said.text()
    panel.session.candidate = "raw"
    panel.update_plot()
    assert box.said.text().startswith("raw, 4 objects: r = 1.000")
    box.labels.setCurrentIndex(0)
    assert box.said.text() == ""
    assert len(drawn(box)) == 0


def test_objects_of_one_intensity_have_no_correlation_and_that_is_said(panel, rng, qtbot):
    labels, noise = discs(), rng.normal(0, 1, discs().shape)
    g = np.where(labels > 0, 7.0, rng.integers(0, 7, labels.shape))
    panel.session.result = compare_images({"cnn": g + noise}, g)
    panel.update_plot()
    box = panel.plot("intensity")
    box.labels.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    assert box.said.text().startswith("cnn, 4 objects: all of the same intensity, bias")


def test_a_click_on_an_object_flies_to_it(panel, viewer, qtbot):
    box = panel.plot("intensity")
    box.labels.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    box.curve.draw()
    Hand(qtbot).click(box.curve, box.curve._plot, *drawn(box)[3])
    assert viewer.scene.camera.center[-2:] == pytest.approx((29, 29), abs=0.6)


def test_labels_that_lie_elsewhere_are_not_offered(panel, viewer):
    box = panel.plot("intensity")
    viewer.add_labels(discs(), name="aside", translate=(0, 5))
    viewer.add_labels(discs(), name="coarser", scale=(2, 2))
    viewer.add_labels(discs(), name="turned", rotate=30)
    assert [box.labels.itemText(i) for i in range(box.labels.count())] == ["none", "cells"]


def test_objects_are_measured_again_once_painting_rests(panel, viewer, qtbot):
    box, cells = panel.plot("intensity"), viewer.layers["cells"]
    box.labels.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    cells.fill((29, 29), 0)  # the fourth disc is gone
    assert box.said.text() == "⚠ Out of date: cells was changed."
    qtbot.waitUntil(lambda: len(drawn(box)) == 3, timeout=5000)
    assert box.said.text().startswith("cnn, 3 objects")
    cells.undo()
    qtbot.waitUntil(lambda: len(drawn(box)) == 4, timeout=5000)


def test_u_goes_back_from_an_object_that_was_clicked_though_no_list_is_open(panel, viewer, qtbot):
    box = panel.plot("intensity")
    box.labels.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    box.curve.draw()
    before = viewer.scene.camera.center, viewer.scene.camera.zoom
    Hand(qtbot).click(box.curve, box.curve._plot, *drawn(box)[3])
    assert (viewer.scene.camera.center, viewer.scene.camera.zoom) != before
    qtbot.keyClick(panel, "U")
    assert (viewer.scene.camera.center, viewer.scene.camera.zoom) == before


def test_an_object_is_chosen_with_the_keys_alone(panel, viewer, qtbot):
    box = panel.plot("intensity")
    box.labels.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(drawn(box)) == 4)
    heard = []
    box.chosen.connect(lambda found, row: heard.append(found.id[row]))
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(box.curve, key)
    order = np.argsort(drawn(box)[:, 0])
    assert heard == [box.objects["cnn"].id[order[-2]]]


def test_labels_that_go_while_they_are_measured_are_forgotten(panel, viewer, qtbot):
    box = panel.plot("intensity")
    box.labels.setCurrentIndex(1)
    del viewer.layers["cells"]
    qtbot.wait(50)
    assert len(drawn(box)) == 0
    assert box.objects == {}
