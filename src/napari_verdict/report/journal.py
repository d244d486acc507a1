"""Strokes to the disk as they are made, by a thread, so that painting never waits."""

from __future__ import annotations

import atexit
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict.report.saving import SavingState, trouble_of
from napari_verdict.report.strokes import Snapshot, Stroke, snapshot_bytes, stroke_bytes
from napari_verdict.report.writing import settle, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change
    from napari_verdict.annotation.origins import Step
    from napari_verdict.report.strokes import Target

STROKES, SNAPSHOT, PREVIOUS = ".strokes", ".snapshot", ".previous.snapshot"
#: A section is due for a snapshot after so many strokes, or so many seconds with a stroke.
SNAPSHOT_STROKES, SNAPSHOT_SECONDS = 100, 30.0
_RETRY_SECONDS = 2.0
#: So many files stay open; a process may have a few hundred, and there may be more tiles.
_OPEN_FILES = 4
_PIECE = 1 << 20


class Journal:
    """All that is painted on one image from now on, kept in a folder.

    Every section, such as a tile, has a file of its own that only grows, and a new one each time
    labelling is taken up again; so nothing that was written is ever written over. What cannot be
    written stays in memory and is tried again until it can. All methods return at once but `flush`
    and `close`, and may be called from any thread.

    Parameters
    ----------
    folder : str or Path
        Is there already; see `napari_verdict.report.labelling`.
    first : int
        Number of the first stroke.
    retry : float
        Seconds after which saving is tried again.
    make : bool
        Make the folder with the first stroke, but not again: a drive that is gone would be
        mistaken for an empty folder.
    """

    def __init__(
        self,
        folder: str | Path,
        first: int = 1,
        *,
        retry: float = _RETRY_SECONDS,
        make: bool = False,
    ):
        self.folder, self._make = Path(folder), make
        self._run = f"{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(2)}"
        self._retry = retry
        self._changed = threading.Condition()
        self._next = first
        self._waiting: deque[tuple[str, Stroke, float]] = deque()
        self._snapshots: dict[tuple[str, Target], Snapshot] = {}
        self._unshot: dict[str, tuple[int, float]] = {}
        self._files: dict[str, _File] = {}
        self._saved: float | None = None
        self._trouble = ""
        self._closing = False
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def record(
        self,
        section: str,
        change: Change,
        step: Step,
        *,
        target: Target = "labels",
        note: Mapping[str, Any] | None = None,
    ) -> int:
        """Keep a step; undo and redo are kept as the change they make.

        Parameters
        ----------
        section : str
            Such as ``tile-0003``: letters, digits, ``-`` and ``_``.
        change : Change
            Its pixels, which may lie anywhere in the image; empty for a note alone.
        step : Step
            What was done.
        target : {"labels", "ignore mask"}
            What was painted on.
        note : mapping, optional
            What else is to be found again, as plain values.

        Returns
        -------
        int
            The number of the stroke.

        Raises
        ------
        ValueError
            If the section has other letters, or the journal is closed.
        TypeError
            If the note has other values.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", section):
            raise ValueError(f"{section!r} is no name of a section")
        json.dumps(note, allow_nan=False)  # what is no plain value is refused here, not later
        with self._changed:
            if self._closing:
                raise ValueError("the journal is closed")
            number, now = self._next, time.monotonic()
            self._next += 1
            self._waiting.append((section, Stroke(number, step, change, target, note or {}), now))
            strokes, since = self._unshot.get(section, (0, now))
            self._unshot[section] = strokes + 1, since
            self._changed.notify_all()
        return number

    def due(self) -> tuple[str, ...]:
        """Return the sections that have changed much, or long ago, since their last snapshot."""
        now = time.monotonic()
        with self._changed:
            return tuple(
                section
                for section, (strokes, since) in self._unshot.items()
                if strokes >= SNAPSHOT_STROKES or now - since >= SNAPSHOT_SECONDS
            )

    def snapshot(
        self, section: str, bounds: Bounds, pixels: NDArray[Any], target: Target = "labels"
    ) -> None:
        """Keep a part of the image as it is after the strokes recorded so far.

        Parameters
        ----------
        section : str
            The snapshot it had before is kept beside it.
        bounds : tuple of slice
            The part, with start and stop.
        pixels : ndarray
            Its labels; copied at once.
        target : {"labels", "ignore mask"}
            What they belong to.
        """
        with self._changed:
            taken = Snapshot(self._next - 1, bounds, pixels.copy(), target)
            self._snapshots[section, target] = taken
            self._unshot.pop(section, None)
            self._changed.notify_all()

    @property
    def state(self) -> SavingState:
        """What is saved and what is not, at this moment."""
        with self._changed:
            return SavingState(
                self._saved,
                len(self._waiting),
                self._waiting[0][2] if self._waiting else None,
                self._trouble,
                str(self.folder),
            )

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all is on the disk; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._snapshots), timeout)

    def close(self, timeout: float = 2.0, patience: float = 30.0) -> bool:
        """Save what is waiting and end the thread; return whether all is on the disk.

        Parameters
        ----------
        timeout : float
            For so many seconds saving is tried again where it fails.
        patience : float
            So long a disk is waited for that does not answer, but has not failed either.
        """
        now = time.monotonic()
        with self._changed:
            self._closing = True
            self._deadline = now + timeout
            self._changed.notify_all()
        self._thread.join(max(timeout, patience))
        atexit.unregister(self.close)
        with self._changed:
            return not self._waiting

    @property
    def is_writing(self) -> bool:
        """Whether the thread goes on: always before `close`, after it where the disk is slow."""
        return self._thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._snapshots or self._closing)
                strokes = list(self._waiting)
                # strokes first: a snapshot can wait
                snapshots = {} if strokes else dict(self._snapshots)
            if not strokes and not snapshots:
                break
            try:
                self._write_strokes(strokes)
                self._write_snapshots(snapshots)
            except (OSError, MemoryError) as error:
                self._close_files()
                with self._changed:
                    self._trouble = trouble_of(error, self.folder)
                    self._changed.notify_all()
                    if self._closing and time.monotonic() >= self._deadline:
                        break
                    pause = min(self._retry, 0.1) if self._closing else self._retry
                    self._changed.wait(pause)
                continue
            with self._changed:
                for _ in strokes:
                    self._waiting.popleft()
                for key, written in snapshots.items():
                    if self._snapshots[key] is written:
                        del self._snapshots[key]
                self._trouble = ""
                if strokes:
                    self._saved = time.monotonic()
                self._changed.notify_all()
        self._close_files()

    def _write_strokes(self, strokes: list[tuple[str, Stroke, float]]) -> None:
        if self._make:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make = False
        touched = {}
        for section, stroke, _ in strokes:
            if section not in self._files:
                self._files[section] = _File(self.folder / f"{section}.{self._run}{STROKES}")
            file = touched[section] = self._files[section]
            file.add(stroke)
        for section, file in touched.items():
            self._files[section] = self._files.pop(section)  # the newest last
            file.bring_to_disk()
        for file in list(self._files.values())[:-_OPEN_FILES]:
            file.close()

    def _write_snapshots(self, snapshots: dict[tuple[str, Target], Snapshot]) -> None:
        for (section, target), snapshot in snapshots.items():
            stem = section if target == "labels" else f"{section}.ignore"
            path = self.folder / f"{stem}{SNAPSHOT}"
            if path.exists():
                write_whole(self.folder / f"{stem}{PREVIOUS}", partial(shutil.copyfile, path))
            write_whole(path, partial(_write, content=snapshot_bytes(snapshot)))

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


class _File:
    """A file that grows. What is in it stays in memory too, to be put there again if need be.

    Parameters
    ----------
    path : Path
        Made with the first stroke; its folder is not made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = bytearray()
        self._newest = 0
        self._settled = 0
        self._handle: int | None = None

    def add(self, stroke: Stroke) -> None:
        """Take a stroke, unless it was taken in an attempt before."""
        if stroke.number > self._newest:
            self._content += stroke_bytes(stroke)
            self._newest = stroke.number

    def bring_to_disk(self) -> None:
        """Write what is not there, and wait until the disk has it."""
        if self._handle is not None and not self._is_in_place(self._handle):
            self.close()
        handle = self._open() if self._handle is None else self._handle
        with memoryview(self._content) as content:
            at = self._settled
            while at < len(content):
                at += os.write(handle, content[at : at + _PIECE])
        os.fsync(handle)
        self._settled = at

    def _is_in_place(self, handle: int) -> bool:
        """Whether the open file is still the one of its name; the folder may have been replaced."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(handle))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let go of the file; the next stroke opens it again."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with suppress(OSError):  # of a drive that is gone
                os.close(handle)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = self._handle = os.open(self._path, flags, 0o666)
        # a half of a record may be there from an attempt that failed, or less than there was
        self._settled = min(self._settled, os.fstat(handle).st_size)
        os.ftruncate(handle, self._settled)
        os.lseek(handle, self._settled, os.SEEK_SET)
        if os.name == "posix":
            settle(self._path.parent, os.O_RDONLY)
        return handle
