"""Where a window can be shown, and a virtual display where there is none."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Libraries that Qt loads, some of them when the first window opens, where it can only abort;
#: and the Debian packages that hold them.
_QT_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}


def display_available() -> bool:
    """Return whether a window can be shown; always on other systems than Linux."""
    return not sys.platform.startswith("linux") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def missing_libraries() -> list[str]:
    """Return the Debian packages of the libraries that Qt needs and does not find."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for name, package in _QT_LIBRARIES.items() if not _loads(name)]


def require_qt() -> None:
    """Raise in plain words where Qt could not open a window.

    Raises
    ------
    OSError
        Naming the packages to install.
    """
    if packages := missing_libraries():
        raise OSError(
            "Qt cannot open a window: system libraries are missing. On Debian or Ubuntu: "
            f"apt-get install {' '.join(packages)}"
        )
    try:
        import qtpy  # noqa: F401
    except (ImportError, RuntimeError) as error:
        raise OSError(
            "There is no Qt for Python that loads; install one with: "
            f"pip install 'napari-verdict[pyqt6]' ({error})"
        ) from error


@contextmanager
def virtual_display(size: tuple[int, int] = (1600, 1000)) -> Iterator[None]:
    """Show windows on a virtual screen, unseen, as long as the context lasts.

    On Linux an Xvfb is started and drawing is done in software; elsewhere, and where there is
    a display but no Xvfb, windows go to the real screen.

    Parameters
    ----------
    size : (int, int)
        Width and height in pixels.

    Raises
    ------
    OSError
        If there is neither a display nor Xvfb, naming what to install.
    """
    program = shutil.which("Xvfb") if sys.platform.startswith("linux") else None
    if program is None:
        if not display_available():
            raise OSError(
                "There is no display and no Xvfb. On Debian or Ubuntu: apt-get install xvfb"
            )
        yield
        return
    server, number = _start(program, size)
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "LIBGL_ALWAYS_SOFTWARE")
    before = {name: os.environ.get(name) for name in names}
    os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ |= {
        "DISPLAY": f":{number}",
        "QT_QPA_PLATFORM": "xcb",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.terminate()
        server.wait()


def _start(program: str, size: tuple[int, int]) -> tuple[subprocess.Popen[bytes], int]:
    """Start Xvfb on a display number that it chooses and wait until it is ready."""
    reader, writer = os.pipe()
    screen = f"{size[0]}x{size[1]}x24"
    server = subprocess.Popen(
        [program, "-displayfd", str(writer), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], 30)
        number = pipe.readline().strip() if ready else b""
    if not number:
        server.kill()
        server.wait()
        raise OSError(f"{program} did not start; try 'Xvfb :99' to see why.")
    return server, int(number)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
