"""A file that only grows: one thread writes what is added, another has the disk confirm it."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from napari_verdict.report.strokes import stroke_bytes
from napari_verdict.report.writing import settle_folder

if TYPE_CHECKING:
    from pathlib import Path

    from napari_verdict.report.strokes import Stroke

_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0)
_PIECE = 1 << 20


class GrowingFile:
    """Strokes in a file, and in memory too, to be put there again if need be.

    `add`, `write` and `close` belong to one thread, `confirm` to another; neither waits for the
    other's call to the disk.

    Parameters
    ----------
    path : Path
        Made with the first stroke; its folder is not made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = bytearray()
        self._newest = 0
        #: Number and end of every stroke that is not confirmed.
        self._ends: deque[tuple[int, int]] = deque()
        self._handle: int | None = None
        # how much of the content is in the file, and confirmed; how often it proved to be less
        self._lock = threading.Lock()
        self._written = self._confirmed = self._setbacks = 0
        self._is_listed = False

    @property
    def is_behind(self) -> bool:
        """Whether there is anything to write."""
        return self._written < len(self._content)

    @property
    def is_unsure(self) -> bool:
        """Whether there is anything to confirm."""
        return self._confirmed < self._written

    def add(self, stroke: Stroke) -> None:
        """Take a stroke, unless it was taken in an attempt before."""
        if stroke.number > self._newest:
            self._content += stroke_bytes(stroke)
            self._ends.append((stroke.number, len(self._content)))
            self._newest = stroke.number

    def write(self) -> bool:
        """Put into the file what is not there; return whether all was there that should be.

        What is there outlives this process, but not a loss of power until it is confirmed.
        """
        setbacks = self._setbacks
        if self._handle is not None and not self._is_in_place(self._handle):
            self.close()
        handle = self._open() if self._handle is None else self._handle
        with self._lock:
            at, known = self._written, self._setbacks
        try:
            # a half of a record may be there from an attempt that failed: it is written over
            os.lseek(handle, at, os.SEEK_SET)
            while at < len(self._content):
                at += os.write(handle, self._content[at : at + _PIECE])
        except OSError:
            self._set_back(self._confirmed)
            raise
        with self._lock:
            if known == self._setbacks:
                self._written = at
        return known == setbacks

    def confirm(self) -> list[int]:
        """Wait until the disk has what is written; return the numbers of the strokes it has now."""
        with self._lock:
            at, known, is_listed = self._written, self._setbacks, self._is_listed
            # a handle of its own, since the thread that writes may close the file meanwhile
            handle = None if self._handle is None else os.dup(self._handle)
        try:
            handle = os.open(self._path, _FLAGS) if handle is None else handle
            try:
                os.fsync(handle)
                if not self._is_in_place(handle) or os.fstat(handle).st_size < at:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            finally:
                os.close(handle)
            if not is_listed:
                settle_folder(self._path.parent)
        except OSError:
            self._set_back(self._confirmed)  # the disk may forget what it has refused once
            raise
        with self._lock:
            if known == self._setbacks:
                self._confirmed, self._is_listed = at, True
        done = []
        while self._ends and self._ends[0][1] <= self._confirmed:
            done.append(self._ends.popleft()[0])
        return done

    def close(self) -> None:
        """Let go of the file; the next stroke opens it again."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            try:
                os.close(handle)
            except OSError:  # of a drive that is gone
                self._set_back(self._confirmed)

    def _is_in_place(self, handle: int) -> bool:
        """Whether the open file is still the one of its name; the folder may have been replaced."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(handle))
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        handle = self._handle = os.open(self._path, _FLAGS | os.O_CREAT, 0o666)
        size = os.fstat(handle).st_size
        if size < self._written:
            self._set_back(size)
        return handle

    def _set_back(self, to: int) -> None:
        """Write again, and have confirmed again, what comes after so many bytes."""
        with self._lock:
            self._written, self._confirmed = min(self._written, to), min(self._confirmed, to)
            self._setbacks += 1
            self._is_listed = self._is_listed and self._confirmed > 0
