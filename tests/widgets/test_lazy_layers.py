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
