"""Judgements found again for the same pixels, and kept as they are made."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QApplication

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.judgements import Judgements
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.session import Identity, SessionFile
    from napari_verdict.widgets.session import Session


def home() -> Path:
    """Return the folder in which judgements of results that were never saved are kept."""
    from platformdirs import user_data_path

    return Path(user_data_path("napari-verdict", appauthor=False)) / "judgements"


class Judging(QObject):
    """Fills `Session.judgements` from what was said before, and writes every change at once.

    They are kept by the pixels of the ground truth in a folder of their own, and besides in
    that of the saved result.

    Parameters
    ----------
    session : Session
        Of a viewer.
    parent : QObject
        The dock.
    """

    #: A sentence where something cannot be read or written; "" when all is well again.
    troubled = Signal(str)
    #: The checksum of a ground truth, now that it is known, and its array.
    opened = Signal(object, object)
    #: All that was said is on the disk.
    kept = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._arrays: tuple[Any, ...] = ()
        self._words: Any = None
        self._identities: Any = None
        self._opening = False
        self._unsaved = _Unsaved()
        # what was judged before its file was known, each with its comparison
        self._asked: tuple[Comparison, str] | None = None
        self._left: list[tuple[Comparison, str, Judgements]] = []
        self._reader, self._writer = Job(self), Job(self)
        self._reader.done.connect(self._on_opened)
        self._writer.done.connect(self._on_written)
        session.events.judgements.connect(self._on_judgements)
        session.events.folder.connect(self._on_folder)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._unsaved.flush)
        # not a method of this object, which is gone by then
        self.destroyed.connect(self._unsaved.flush)

    def open(self, comparison: Comparison, places: str = "") -> None:
        """Look for what was said of a comparison; without effect where it is open already.

        Parameters
        ----------
        comparison : Comparison
            As it was asked for.
        places : str
            Of a restoration or of evidence: how its places were found, since their ids depend
            on it.
        """
        c = comparison
        inputs = (c.ground_truth, *c.predictions, *([c.raw] if c.raw is not None else []))
        arrays = tuple(x.data for x in inputs)
        words: tuple[Any, ...] = (c.task, [x.name for x in inputs], c.settings.decisions, places)
        if places_listed := c.task in ("restoration", "evidence"):
            words += (c.settings.convention, c.settings.ssim_3d)
        same = len(arrays) == len(self._arrays) and all(
            a is b for a, b in zip(arrays, self._arrays, strict=True)
        )
        if same and words == self._words:
            return
        self.flush()
        if self._unsaved.waiting and self._asked is not None and not self._unsaved.files:
            self._left.append((*self._asked, self._session.judgements))
        self._asked = comparison, places if places_listed else ""
        self._arrays, self._words, self._identities = arrays, words, None
        self._unsaved.forget()
        self._set(Judgements())
        self._session.folder = None
        self._open(*self._asked)

    def flush(self) -> None:
        """Write what is not on the disk yet, now."""
        self._writer.cancel()
        self._unsaved.flush()

    def stop(self) -> None:
        """Write what is left and let go of the session."""
        self._reader.cancel()
        self.flush()
        self._session.events.judgements.disconnect(self._on_judgements)
        self._session.events.folder.disconnect(self._on_folder)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.disconnect(self._unsaved.flush)

    # ---- reading

    def _open(self, comparison: Comparison | None, places: str = "", beside: Any = None) -> None:
        known, left = self._identities, self._left

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.session import identities_of, open_session

            yield Progress(0, 1, "judgements")
            while left:
                _keep(*left[0], token)
                del left[0]
            identities = known
            if identities is None:
                assert comparison is not None
                identities = identities_of(comparison, token, places=places)
            return identities, open_session(beside or _folder_of(identities), identities)

        self._reader.start(steps, "Looking for judgements")

    def _on_opened(self, outcome: Any) -> None:
        if not isinstance(outcome, tuple):
            self.troubled.emit(_sentence(outcome))
            return
        self._identities, file = outcome
        self._unsaved.files = (*self._unsaved.files, file)
        before = self._session.judgements
        self._set(before.including(file.found))
        self.troubled.emit(file.trouble)
        if len(self._unsaved.files) == 1:
            truth = next(iter(self._identities.values())).ground_truth
            self.opened.emit(truth.sha256, self._arrays[0])
        if len(before) or len(self._unsaved.files) > 1:
            self._write()
        folder = self._session.folder
        if folder is not None and len(self._unsaved.files) == 1:
            self._open(None, beside=folder)

    def _on_folder(self, folder: Any) -> None:
        """Keep them beside the result that was just saved."""
        if folder is not None and self._identities is not None:
            self._unsaved.files = self._unsaved.files[:1]
            self._open(None, beside=folder)

    # ---- writing

    def _set(self, judgements: Judgements) -> None:
        if judgements is not self._session.judgements:
            self._opening = True
            try:
                self._session.judgements = judgements
            finally:
                self._opening = False

    def _on_judgements(self, judgements: Judgements) -> None:
        if not self._opening:
            self._write()

    def _write(self) -> None:
        self._unsaved.put(self._session.judgements)
        if self._unsaved.files and not self._writer.is_busy:
            unsaved = self._unsaved

            def steps(token: CancelToken) -> Generator[Progress, None, Any]:
                yield Progress(0, 1, "keeping judgements")
                unsaved.write()
                return True

            self._writer.start(steps, "Keeping judgements")

    def _on_written(self, outcome: Any) -> None:
        if outcome is not True:
            self.troubled.emit(_sentence(outcome))
            return
        self.troubled.emit("")
        if self._unsaved.waiting:
            self._write()
        else:
            self.kept.emit()


class _Unsaved:
    """What is to be written; it outlives the dock, and one thread at a time writes."""

    def __init__(self) -> None:
        self.files: tuple[SessionFile, ...] = ()
        self._judgements: Judgements | None = None
        self._lock = threading.Lock()

    @property
    def waiting(self) -> bool:
        """Whether something is not written yet."""
        return self._judgements is not None

    def put(self, judgements: Judgements) -> None:
        self._judgements = judgements

    def forget(self) -> None:
        """Leave the files, and what could not be written to them: it is of other entries."""
        with self._lock:
            self.files, self._judgements = (), None

    def flush(self, *_: Any) -> None:
        """Write what waits, where it can be."""
        with suppress(ComparisonError):
            self.write()

    def write(self) -> None:
        """Write the newest into every file; it stays to be written where that fails."""
        with self._lock:
            judgements = self._judgements
            if judgements is None or not self.files:
                return
            with suppress(OSError):  # what is missing then, saving says in a sentence
                self.files[0].path.parent.mkdir(parents=True, exist_ok=True)
            for file in self.files:
                file.save(judgements)
            if self._judgements is judgements:
                self._judgements = None


def _folder_of(identities: Mapping[str, Identity]) -> Path:
    """Return where judgements of these pixels are kept."""
    return home() / next(iter(identities.values())).ground_truth.sha256[:16]


def _keep(comparison: Comparison, places: str, judgements: Judgements, token: CancelToken) -> None:
    """Write what was said of a comparison that was left before its file was known."""
    from napari_verdict.report.session import identities_of, open_session

    identities = identities_of(comparison, token, places=places)
    folder = _folder_of(identities)
    with suppress(OSError):  # as in `_Unsaved.write`
        folder.mkdir(parents=True, exist_ok=True)
    file = open_session(folder, identities)
    file.save(judgements.including(file.found))


def _sentence(outcome: Any) -> str:
    """Return what a `Refused` or `Failed` says."""
    findings = getattr(outcome, "findings", ())
    return getattr(outcome, "message", "") or " ".join(f.message for f in findings)
