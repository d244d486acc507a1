"""Evidence in the window of stacks and lazy images, while layers come and go, and cancelled."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt

from dim import blob, capture, grey, scene
from napari_verdict.viewer.result_layers import find
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.validate import ValidateWidget

pytestmark = pytest.mark.gui
SHAPE, AT = (96, 96), (40, 60)


def stack(rng, n=4, wrong=2):
    """Raw and two predictions of some planes; one shows a blob too many in one plane."""
    truth = np.stack([np.roll(scene(SHAPE), 9 * k, 1) for k in range(n)])
    more = grey(truth)
    more[wrong] += 50 * blob(SHAPE, *AT)
    return {
        "raw": capture(rng, truth),
        "careful": grey(truth).astype(np.float32),
        "inventive": more.astype(np.float32),
    }


def opened(viewer, images, axes=None):
    for name, image in images.items():
        viewer.add_image(image, name=name, axis_labels=axes, contrast_limits=(90, 200))


def seen(layer):
    """The plane that a layer shows."""
    return np.asarray(layer._slice.image.view)


@pytest.mark.parametrize("axis", ["z", "t"])
def test_in_a_stack_the_slider_goes_to_the_plane_of_the_place(desk, rng, axis):
    opened(desk.viewer, stack(rng), (axis, "y", "x"))
    desk.validate()
    viewer, inspect = desk.viewer, desk.inspect()
    viewer.dims.set_current_step(0, 0)
    inspect.table.choose(0)
    assert viewer.dims.current_step[0] == 2
    assert np.hypot(*(np.array(viewer.scene.camera.center[-2:]) - AT)) < 3
    assert f"{axis} 2 · " in inspect.here.text()
    evidence = find(viewer, "inventive", "evidence")
    assert evidence.visible
    assert evidence.data[(2, *AT)] < -10
    for key, name in ((Qt.Key.Key_H, "raw"), (Qt.Key.Key_G, "residual · inventive")):
        desk.qtbot.keyPress(inspect, key)
        assert viewer.layers[name].visible
        assert not evidence.visible
        desk.qtbot.keyRelease(inspect, key)
    inspect.places.rank_by("disputes")
    inspect.table.choose(0)
    assert f"{axis} 2 · " in inspect.here.text()


def test_of_lazy_images_the_plane_of_the_place_comes_when_it_is_flown_to(desk, rng):
    da = pytest.importorskip("dask.array")
    images = {n: da.from_array(x, chunks=(1, *SHAPE)) for n, x in stack(rng).items()}
    opened(desk.viewer, images, ("z", "y", "x"))
    desk.validate()
    viewer, inspect = desk.viewer, desk.inspect()
    viewer.dims.set_current_step(0, 0)
    inspect.table.choose(0)
    assert viewer.dims.current_step[0] == 2
    evidence = find(viewer, "inventive", "evidence")
    desk.qtbot.waitUntil(lambda: seen(evidence)[AT] < -10, timeout=30_000)
    desk.click(desk.dock.results.joint.mean)
    desk.qtbot.waitUntil(lambda: "mean · all predictions" in viewer.layers, timeout=30_000)
    mean = viewer.layers["mean · all predictions"]
    desk.qtbot.waitUntil(lambda: np.isfinite(seen(mean)).all(), timeout=30_000)
    both = np.mean([np.asarray(images[n][2]) for n in ("careful", "inventive")], axis=0)
    np.testing.assert_allclose(seen(mean), both, rtol=1e-4)


class Gate:
    """Captures that are read no faster than is allowed."""

    def __init__(self, data):
        self.data, self.shape, self.dtype = data, data.shape, data.dtype
        self.ndim, self.go, self.read = data.ndim, threading.Event(), 0

    def __getitem__(self, key):
        if isinstance(key, int):  # a capture of the stack, as a run reads it
            self.read += 1
            if self.read > 3:
                assert self.go.wait(20)
        return self.data[key]


def test_reading_dark_and_lit_stacks_is_seen_and_cancelled(desk, rng):
    images = {n: x[0] for n, x in stack(rng).items()}
    opened(desk.viewer, images)
    gate = Gate(np.stack([capture(rng, np.full(SHAPE, 40.0)) for _ in range(6)]))
    desk.viewer.add_image(gate, name="lit", contrast_limits=(90, 300))
    dock = desk.dock
    box = dock.panel.noise.stacks
    names = [box.item(i).text() for i in range(box.count())]
    box.item(names.index("lit")).setCheckState(Qt.CheckState.Checked)
    desk.click(dock.validate)
    desk.qtbot.waitUntil(lambda: dock.bar.format().startswith("stacks"), timeout=60_000)
    assert dock.cancel.isVisible()
    desk.click(dock.cancel)
    gate.go.set()
    read = gate.read
    desk.qtbot.wait(300)
    assert gate.read <= read + 1  # the one that was under way
    assert not dock.job.is_busy
    assert not desk.results
    assert dock.presenter.result is None


def test_layers_that_are_renamed_edited_or_deleted_break_nothing(desk, rng):
    opened(desk.viewer, {n: x[2] for n, x in stack(rng).items()})
    desk.validate()
    viewer, inspect = desk.viewer, desk.inspect()
    viewer.layers["inventive"].name = "renamed"
    inspect.table.choose(0)
    desk.qtbot.keyPress(inspect, Qt.Key.Key_J)
    assert [x.name for x in viewer.layers if x.visible and x._type_string == "image"] == ["renamed"]
    desk.qtbot.keyRelease(inspect, Qt.Key.Key_J)
    viewer.layers["careful"].data = viewer.layers["careful"].data + 1
    assert "careful changed" in desk.dock.results.stale.text()
    viewer.window._qt_window.hide()  # Mesa crashes where lower layers go and the canvas is resized
    for name in ("renamed", "raw"):
        viewer.layers.remove(name)
    inspect.table.choose(0)
    desk.qtbot.keyClick(inspect, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    (mark,) = session_of(viewer).judgements.marks.values()
    assert mark.judgement == "real error"
    desk.dock.results.joint.spread.click()
    desk.qtbot.waitUntil(lambda: "spread · all predictions" in viewer.layers, timeout=30_000)
    desk.dock.results.show_box.boxes["limit"].click()
    desk.qtbot.waitUntil(lambda: find(viewer, "inventive", "limit") is not None, timeout=30_000)


def test_two_viewers_ask_raw_each_of_its_own(desk, make_napari_viewer, qtbot, rng):
    opened(desk.viewer, {n: x[2] for n, x in stack(rng).items()})
    other = make_napari_viewer()
    opened(other, {n: x[0] for n, x in stack(rng).items() if n != "inventive"})
    dock = ValidateWidget(other)
    other.window.add_dock_widget(dock, name="Validate", area="right")
    with qtbot.waitSignal(dock.presenter.drawn, timeout=120_000):
        dock.run()
    assert session_of(desk.viewer).result is None
    mine = desk.validate()
    assert "1 place that inventive shows" in mine.verdict
    assert "Raw contradicts careful nowhere" in dock.presenter.result.verdict
    assert [x.name for x in other.layers if "inventive" in x.name] == []


def test_closing_the_dock_while_raw_is_asked_is_harmless(desk, rng):
    opened(desk.viewer, {n: x[2] for n, x in stack(rng).items()})
    desk.click(desk.dock.validate)
    assert desk.dock.job.is_busy
    desk.viewer.window.remove_dock_widget(desk.dock)
    desk.qtbot.wait(500)
    assert not desk.results
