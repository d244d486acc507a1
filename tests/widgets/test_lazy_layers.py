"""Maps of lazy images: the plane that is looked at is computed in a worker, and remembered."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from napari_verdict.viewer.lazy_planes import LazyPlanes

pytestmark = pytest.mark.gui


class Slow:
    """An array that takes its time, and notes which thread read which plane."""

    def __init__(self, data, seconds=0.0):
        self.data, self.seconds = data, seconds
        self.shape, self.dtype, self.ndim, self.size = data.shape, data.dtype, data.ndim, data.size
        self.reads = []

    def __getitem__(self, key):
        if key == 0:  # napari looks at the dtype of labels
            return self.data[0]
        self.reads.append((threading.current_thread(), key[0]))
        time.sleep(self.seconds)
        return self.data[key]

    def __array__(self, *args, **kwargs):
        raise AssertionError("read whole")


@pytest.fixture
def slow(desk, rng):
    """Raw, prediction and ground truth as hidden layers that are slow to read."""
    gt = rng.random((12, 40, 36)).astype(np.float32) * 100
    noise = rng.normal(0, 20, gt.shape).astype(np.float32)
    arrays = {"raw": gt + noise, "cnn": gt + noise / 4, "gt": gt}
    made = {}
    for name, array in arrays.items():
        made[name] = Slow(array)
        # what napari reads to show a lazy image is napari's matter
        desk.viewer.add_image(
            made[name], name=name, visible=False, contrast_limits=(0, 100), axis_labels=tuple("zyx")
        )
    return made


def shown(desk, name):
    """The plane that a result layer shows."""
    return np.asarray(desk.viewer.layers[name]._slice.image.view)


def wait_until_shown(desk, name):
    desk.qtbot.waitUntil(lambda: np.isfinite(shown(desk, name)).all(), timeout=10_000)


def restart(slow, seconds):
    for item in slow.values():
        item.reads.clear()
        item.seconds = seconds


def test_planes_are_computed_in_a_worker_shown_when_ready_and_remembered(desk, slow):
    result = desk.validate()
    assert desk.results == ["gain · cnn", "RSE · cnn", "SSIM · cnn"]
    for name in desk.results:
        assert isinstance(desk.viewer.layers[name].data, LazyPlanes)
        wait_until_shown(desk, name)
    main = threading.main_thread()
    assert all(thread is not main for item in slow.values() for thread, _ in item.reads)

    restart(slow, 0.05)
    desk.viewer.dims.set_current_step(0, 9)
    assert np.isnan(shown(desk, "SSIM · cnn")).all()  # at once, and nothing yet
    for name in desk.results:
        wait_until_shown(desk, name)
    np.testing.assert_array_equal(shown(desk, "SSIM · cnn"), result.maps["cnn"]["ssim"][9])
    np.testing.assert_array_equal(shown(desk, "gain · cnn"), result.maps["cnn"]["gain"][9])
    reads = [thread for item in slow.values() for thread, _ in item.reads]
    assert reads
    assert main not in reads

    restart(slow, 0.05)
    for z in (0, 9):
        desk.viewer.dims.set_current_step(0, z)
        if z == 9:
            assert np.isfinite(shown(desk, "SSIM · cnn")).all()
        wait_until_shown(desk, "SSIM · cnn")
    assert {key.start for item in slow.values() for _, key in item.reads} <= {0}


def test_of_a_slider_moved_quickly_only_the_newest_plane_is_computed(desk, slow):
    desk.validate()
    for name in desk.results:
        wait_until_shown(desk, name)
    restart(slow, 0.1)
    first = desk.viewer.dims.current_step[0]
    for z in range(12):
        if z != first:
            desk.viewer.dims.set_current_step(0, z)
            desk.qtbot.wait(5)
    desk.viewer.dims.set_current_step(0, 11)
    for name in desk.results:
        wait_until_shown(desk, name)
    planes = {key.start for item in slow.values() for _, key in item.reads}
    assert 11 in planes
    assert len(planes) < 6


def test_closing_the_dock_while_a_plane_is_computed_is_harmless(desk, slow):
    desk.validate()
    for name in desk.results:
        wait_until_shown(desk, name)
    restart(slow, 0.2)
    desk.viewer.dims.set_current_step(0, 2)
    desk.qtbot.waitUntil(lambda: any(item.reads for item in slow.values()), timeout=10_000)
    desk.dock.stop()
    desk.qtbot.wait(700)
    assert np.isnan(shown(desk, "SSIM · cnn")).all()


@pytest.fixture
def slow_labels(desk):
    """A stack of two squares, one found well and one by half, as hidden lazy labels."""
    gt = np.zeros((6, 40, 40), np.uint16)
    gt[:, 4:14, 4:14], gt[:, 20:30, 20:30] = 1, 2
    pred = np.zeros_like(gt)
    pred[:, 4:14, 4:13], pred[:, 20:30, 20:26] = 7, 9
    made = {"unet": Slow(pred), "gt": Slow(gt)}
    for name, item in made.items():
        desk.viewer.add_labels(item, name=name, visible=False, axis_labels=tuple("zyx"))
    return made


def test_overlays_of_lazy_labels_come_plane_by_plane_and_follow_the_threshold(desk, slow_labels):
    result = desk.validate()
    truth, found = (f"{kind} objects · unet" for kind in ("ground-truth", "predicted"))
    assert desk.results == [truth, found]

    def codes(name):
        return set(np.unique(shown(desk, name)).tolist())

    desk.qtbot.waitUntil(lambda: codes(truth) == {0, 1}, timeout=10_000)
    restart(slow_labels, 0.02)
    desk.viewer.dims.set_current_step(0, 5)
    desk.qtbot.waitUntil(lambda: codes(truth) == codes(found) == {0, 1}, timeout=10_000)
    with desk.qtbot.waitSignal(desk.dock.presenter.drawn, timeout=10_000):
        desk.dock.results.threshold.slider.setValue(75)
    assert result.score("tp", "unet").value == 2
    assert desk.dock.presenter.result.score("tp", "unet").value == 1
    desk.qtbot.waitUntil(lambda: codes(truth) == {0, 1, 3}, timeout=10_000)
    desk.qtbot.waitUntil(lambda: codes(found) == {0, 1, 2}, timeout=10_000)
    main = threading.main_thread()
    assert all(thread is not main for item in slow_labels.values() for thread, _ in item.reads)


def test_the_difference_to_raw_of_lazy_images_comes_plane_by_plane(desk, slow):
    del desk.viewer.layers["gt"]
    desk.click(desk.dock.inspection.difference)
    desk.qtbot.waitUntil(lambda: len(desk.viewer.layers) == 3, timeout=10_000)
    wait_until_shown(desk, "minus raw · cnn")
    restart(slow, 0.02)
    desk.viewer.dims.set_current_step(0, 7)
    assert np.isnan(shown(desk, "minus raw · cnn")).all()
    wait_until_shown(desk, "minus raw · cnn")
    assert threading.main_thread() not in [t for item in slow.values() for t, _ in item.reads]
