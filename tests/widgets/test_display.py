"""Windows find a display, or it is said plainly what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from napari_verdict.widgets import display

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Xvfb is of Linux")
xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")


@pytest.fixture
def no_display(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_either_kind_of_display_is_seen(no_display, monkeypatch, name):
    assert not display.display_available()
    monkeypatch.setenv(name, ":3")
    assert display.display_available()


def test_other_systems_always_have_a_display(no_display, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert display.display_available()
    assert display.missing_libraries() == []


@linux
@xvfb
def test_a_virtual_display_is_there_as_long_as_the_context(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("WAYLAND_DISPLAY", "w")
    with display.virtual_display():
        number = os.environ["DISPLAY"]
        assert number != ":987"
        assert "WAYLAND_DISPLAY" not in os.environ
        assert os.environ["LIBGL_ALWAYS_SOFTWARE"] == "1"
        socket = f"/tmp/.X11-unix/X{number[1:]}"
        assert os.path.exists(socket)
    assert os.environ["DISPLAY"] == ":987"
    assert os.environ["WAYLAND_DISPLAY"] == "w"
    assert not os.path.exists(socket)


@linux
@xvfb
def test_a_window_opens_on_it_and_the_process_ends_well(no_display):
    code = """
from napari_verdict.widgets.display import require_qt, virtual_display
require_qt()
with virtual_display((640, 480)):
    from qtpy.QtWidgets import QApplication, QLabel
    app = QApplication([])
    label = QLabel("here")
    label.show()
    app.processEvents()
    size = app.primaryScreen().size()
    print(size.width(), size.height())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["640", "480"]


def test_without_xvfb_the_package_is_named(no_display, monkeypatch):
    monkeypatch.setattr(display.shutil, "which", lambda _: None)
    with pytest.raises(OSError, match="apt-get install xvfb"), display.virtual_display():
        pass


def test_without_xvfb_the_real_display_serves(no_display, monkeypatch):
    monkeypatch.setattr(display.shutil, "which", lambda _: None)
    monkeypatch.setenv("DISPLAY", ":5")
    with display.virtual_display():
        assert os.environ["DISPLAY"] == ":5"


def test_an_xvfb_that_does_not_start_is_said(no_display, monkeypatch):
    monkeypatch.setattr(display.shutil, "which", lambda _: "/bin/false")
    with pytest.raises(OSError, match="did not start"), display.virtual_display():
        pass


def test_missing_libraries_are_named_by_package(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(display, "_QT_LIBRARIES", {"libnone.so.1": "libnone1"})
    assert display.missing_libraries() == ["libnone1"]
    with pytest.raises(OSError, match="apt-get install libnone1"):
        display.require_qt()
