"""Judgements on their way to the disk; they outlive the dock in which they were made."""

from __future__ import annotations

import atexit
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import ComparisonError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.judgements import Judgements, Mark
    from napari_verdict.report.identity import Identity
    from napari_verdict.report.session import SessionFile

#: Seconds after which writing is tried again where it failed.
RETRY = 2.0


class Unsaved:
    """What is to be written of one comparison.

    Parameters
    ----------
    file : SessionFile, optional
        Where to; None before anything is compared.
    """

    #: All that has something to write.
    _all: set[Unsaved] = set()  # noqa: RUF012

    def __init__(self, file: SessionFile | None = None) -> None:
        self._files: tuple[SessionFile, ...] = () if file is None else (file,)
        self._unfinished: SessionFile | None = None
        self._judgements: Judgements | None = None
        self._is_left = False
        #: Held while files are written, and while what waits is exchanged.
        self._writing, self._changing = threading.Lock(), threading.Lock()

    @property
    def waiting(self) -> bool:
        """Whether something is not written yet."""
        return self._judgements is not None

    def put(self, judgements: Judgements) -> None:
        """Have these written next, instead of what waits."""
        with self._changing:
            self._judgements = judgements
            self._all.add(self)

    def move_to(self, file: SessionFile, unfinished: SessionFile) -> None:
        """Write to the file of these pixels from now on, and take away what stood for it."""
        self._files, self._unfinished = (file,), unfinished

    def keep_beside(self, file: SessionFile) -> None:
        """Write to another file as well, instead of the one that was beside it before."""
        self._files = (*self._files[:1], file)

    def leave(self) -> None:
        """Write what waits without holding up the window, again and again until it is written."""
        self._is_left = True
        if self.waiting:
            threading.Thread(target=self._go_on, name="judgements-end", daemon=True).start()

    @classmethod
    def taken(cls, *identities: Mapping[str, Identity]) -> dict[EntryKey, Mark]:
        """Return what waits of comparisons that were left; it is the caller's to write now.

        Parameters
        ----------
        *identities : mapping of str to Identity
            By which they were to be kept.
        """
        marks: dict[EntryKey, Mark] = {}
        for one in list(cls._all):
            said = one._judgements
            if one._is_left and said is not None and one._files[0].identities in identities:
                marks |= said.marks
                one._done(said)
        return marks

    def write(self) -> None:
        """Write the newest into every file; it stays to be written where one fails.

        Raises
        ------
        ComparisonError
            If a file cannot be written.
        """
        with self._writing:
            judgements, files = self._judgements, self._files
            if judgements is None or not files:
                return
            failed: list[ComparisonError] = []
            for k, file in enumerate(files):
                try:
                    if k == 0:  # that beside a result lies where somebody saved it
                        with suppress(OSError):  # what is missing, saving says in a sentence
                            file.path.parent.mkdir(parents=True, exist_ok=True)
                    file.save(judgements)
                except ComparisonError as error:
                    failed.append(error)
            if failed:
                raise ComparisonError([f for error in failed for f in error.findings])
            if files is not self._files:
                return  # it was written where it is kept no longer
            if self._unfinished is not None:
                with suppress(OSError, ValueError):
                    self._unfinished.forget()
                self._unfinished = None
            self._done(judgements)

    @classmethod
    def flush_all(cls, *_: object) -> None:
        """Write all that waits, where it can be."""
        for one in list(cls._all):
            one._try()

    def _try(self) -> None:
        with suppress(ComparisonError):
            self.write()

    def _go_on(self) -> None:
        self._try()
        while self.waiting:
            _pause.wait(RETRY)
            self._try()

    def _done(self, judgements: Judgements) -> None:
        """Wait for nothing more, unless others were put since."""
        with self._changing:
            if self._judgements is judgements:
                self._judgements = None
                self._all.discard(self)


#: Nobody sets it: a thread that waits for it can be left alone at the end.
_pause = threading.Event()
atexit.register(Unsaved.flush_all)
