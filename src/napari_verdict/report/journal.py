"""Strokes to the disk as they are made, by threads, so that painting never waits."""

from __future__ import annotations

import atexit
import json
import re
import secrets
import threading
import time
from collections import deque
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict.report.growing_file import GrowingFile
from napari_verdict.report.saving import SavingState, trouble_of
from napari_verdict.report.snapshots import put_snapshot
from napari_verdict.report.strokes import Snapshot, Stroke

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds, Change
    from napari_verdict.annotation.origins import Step
    from napari_verdict.report.strokes import Target

STROKES = ".strokes"
#: A section is due for a snapshot after so many strokes, or so many seconds with a stroke.
SNAPSHOT_STROKES, SNAPSHOT_SECONDS = 100, 30.0
_RETRY_SECONDS = 2.0
#: So many files stay open; a process may have a few hundred, and there may be more tiles.
_OPEN_FILES = 4


class Journal:
    """All that is painted on one image from now on, kept in a folder.

    Every section, such as a tile, has a file of its own that only grows, and a new one each time
    labelling is taken up again; so nothing that was written is ever written over. One thread puts
    strokes into their files, in the order of their numbers: from then on they outlive the process.
    Another has the disk confirm them, which may take seconds: from then on they outlive a loss of
    power. What fails stays in memory and is tried again until it does not. All methods return at
    once but `flush` and `close`, and may be called from any thread.

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
        self._files: dict[str, GrowingFile] = {}
        #: Those that are open, the newest last; of the thread that writes.
        self._open: dict[GrowingFile, None] = {}
        self._unwritten: deque[tuple[GrowingFile, Stroke]] = deque()
        #: When each stroke was made, by its number, until the disk has confirmed it.
        self._waiting: dict[int, float] = {}
        self._snapshots: dict[tuple[str, Target], Snapshot] = {}
        self._unshot: dict[str, tuple[int, float]] = {}
        self._saved: float | None = None
        #: What fails, by the thread that tries.
        self._trouble: dict[int, str] = {}
        self._closing = self._given_up = False
        self._deadline = 0.0
        self._threads = [
            threading.Thread(target=work, name="journal", daemon=True)
            for work in (self._writes, self._confirms)
        ]
        for thread in self._threads:
            thread.start()
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
            if section not in self._files:
                path = self.folder / f"{section}.{self._run}{STROKES}"
                self._files[section] = GrowingFile(path)
            stroke = Stroke(number, step, change, target, note or {})
            self._unwritten.append((self._files[section], stroke))
            self._waiting[number] = now
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
                next(iter(self._waiting.values()), None),
                next(iter(self._trouble.values()), ""),
                str(self.folder),
                max(0, len(self._waiting) - len(self._unwritten)),
            )

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the disk has all; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._snapshots), timeout)

    def close(self, timeout: float = 2.0, patience: float = 30.0) -> bool:
        """Save what is waiting and end the threads; return whether the disk has all.

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
        for thread in self._threads:
            thread.join(max(0.0, now + max(timeout, patience) - time.monotonic()))
        atexit.unregister(self.close)
        with self._changed:
            return not self._waiting

    @property
    def is_writing(self) -> bool:
        """Whether it goes on: always before `close`, after it where the disk is slow."""
        return any(thread.is_alive() for thread in self._threads)

    # ---- the threads

    def _writes(self) -> None:
        self._go_on(self._to_write)
        self._close_files()

    def _confirms(self) -> None:
        self._go_on(self._to_confirm)

    def _go_on(self, find: Callable[[], Sequence[Callable[[], None]]]) -> None:
        """Do what is found to do, again where it fails, until the journal is closed and done."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: find() or self._is_over)
                jobs = find()
            if not jobs:
                break
            try:
                for job in jobs:
                    job()
            except (OSError, MemoryError) as error:
                if not self._tries_again(error):
                    break
            else:
                with self._changed:
                    self._trouble.pop(threading.get_ident(), None)
                    self._changed.notify_all()

    @property
    def _is_over(self) -> bool:
        return self._closing and (self._given_up or not self._waiting)

    def _tries_again(self, error: OSError | MemoryError) -> bool:
        """Say what fails and wait a while; return whether it is worth another attempt."""
        with self._changed:
            closing = self._closing
            self._trouble[threading.get_ident()] = trouble_of(error, self.folder)
            self._given_up = closing and time.monotonic() >= self._deadline
            self._changed.notify_all()
            if not self._given_up:
                pause = min(self._retry, 0.1) if closing else self._retry
                self._changed.wait_for(lambda: self._closing is not closing, pause)
            return not self._given_up

    def _to_write(self) -> Sequence[Callable[[], None]]:
        """Return what puts strokes into their files, in order; else files in which they miss."""
        strokes = [
            partial(self._write, file, [stroke for _, stroke in group])
            for file, group in groupby(self._unwritten, itemgetter(0))
        ]
        return strokes or [partial(self._write, f, []) for f in self._files.values() if f.is_behind]

    def _write(self, file: GrowingFile, strokes: list[Stroke]) -> None:
        try:
            if self._make:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._make = False
            for stroke in strokes:
                file.add(stroke)
            if not self._put_into(file):  # a folder that lost one may have lost all
                for other in self._all_files():
                    self._put_into(other)
        except (OSError, MemoryError):
            self._close_files()
            raise
        with self._changed:
            for _ in strokes:
                self._unwritten.popleft()
            self._changed.notify_all()

    def _put_into(self, file: GrowingFile) -> bool:
        """Write what a file misses; return whether nothing was gone that should be there."""
        self._open.pop(file, None)
        self._open[file] = None
        was_there = file.write()
        for oldest in list(self._open)[:-_OPEN_FILES]:
            del self._open[oldest]
            oldest.close()
        return was_there

    def _all_files(self) -> list[GrowingFile]:
        with self._changed:
            return list(self._files.values())

    def _close_files(self) -> None:
        while self._open:
            self._open.popitem()[0].close()

    def _to_confirm(self) -> Sequence[Callable[[], None]]:
        """Return what waits for the disk: files, then one snapshot whose strokes are confirmed."""
        oldest = next(iter(self._waiting), self._next)
        files = [partial(self._confirm, f) for f in self._files.values() if f.is_unsure]
        ready = (item for item in self._snapshots.items() if item[1].number < oldest)
        shots = [partial(self._shoot, *item) for item in ready]
        return [*files, *shots[:1]]

    def _confirm(self, file: GrowingFile) -> None:
        numbers = file.confirm()
        with self._changed:
            for number in numbers:
                del self._waiting[number]
            if numbers:
                self._saved = time.monotonic()
            self._changed.notify_all()

    def _shoot(self, key: tuple[str, Target], snapshot: Snapshot) -> None:
        put_snapshot(self.folder, key[0], snapshot)
        with self._changed:
            if self._snapshots[key] is snapshot:
                del self._snapshots[key]
