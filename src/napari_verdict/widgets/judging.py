"""Judgements found again for the same pixels, and kept as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication

from napari_verdict.comparison.judgements import Judgements
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, Refused, words_of
from napari_verdict.widgets.unsaved import RETRY, Unsaved

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.restoration.images import ImageResult
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.identity import Identity
    from napari_verdict.report.session import SessionFile
    from napari_verdict.widgets.session import Session


def home() -> Path:
    """Return the folder in which judgements of results that were never saved are kept."""
    from platformdirs import user_data_path

    return Path(user_data_path("napari-verdict", appauthor=False)) / "judgements"


class Judging(QObject):
    """Fills `Session.judgements` from what was said before, and writes every change at once.

    They are kept by the pixels of the ground truth in a folder of their own, and besides in
    that of the saved result. Until all pixels are read they are kept by a sample of them.

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
        #: What the entries belong to: by a sample, and by all pixels once they are read.
        self._quick: Mapping[str, Identity] = {}
        self._identities: Any = None
        self._before: Any = None  # what the identities were before, if it seems the same
        #: By what was judged in this window: its identities, and judgements with their history.
        self._past: dict[Any, tuple[Any, Judgements]] = {}
        self._opening = False
        self._unsaved = Unsaved()
        self._reader, self._writer = Job(self), Job(self)
        self._reader.done.connect(self._on_opened)
        self._writer.done.connect(self._on_written)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(int(1000 * RETRY))
        self._again.timeout.connect(self._write)
        session.events.judgements.connect(self._on_judgements)
        session.events.folder.connect(self._on_folder)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._flush)
        # not a method of this object, which is gone by then
        self.destroyed.connect(Unsaved.flush_all)

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
        from napari_verdict.report.identity import identities_of
        from napari_verdict.report.session import SESSION_NAME, SessionFile

        c, listed = comparison, comparison.task in ("restoration", "evidence")
        inputs = (c.ground_truth, *c.predictions, *([c.raw] if c.raw is not None else []))
        arrays = (*(x.data for x in inputs), c.ignore if listed else None)
        words: tuple[Any, ...] = (c.task, [x.name for x in inputs], c.settings.decisions, places)
        if listed:
            words += (c.settings.convention, c.settings.ssim_3d)
        same = len(arrays) == len(self._arrays) and all(
            a is b for a, b in zip(arrays, self._arrays, strict=True)
        )
        self._session.judged, self._session.ranking = comparison, places
        if same and words == self._words:
            return
        self._arrays, self._words = arrays, words
        places = places if listed else ""
        quick = identities_of(comparison, places=places, quick=True)
        self._past[tuple(self._quick.items())] = self._identities, self._session.judgements
        # seen before: the steps that can be undone stay, unless it shows that it is another
        self._before, said = self._past.get(tuple(quick.items()), (None, Judgements()))
        self._quick, self._identities = quick, None
        self._again.stop()
        self._unsaved.leave()
        self._unsaved = Unsaved(SessionFile(_unfinished() / SESSION_NAME, quick, {}))
        self._set(said)
        self._session.folder = None
        self._open(comparison, places)

    def stop(self) -> None:
        """Let go of the session; what is left is written by a thread."""
        self._again.stop()
        self._reader.cancel()
        self._writer.cancel()
        self._unsaved.leave()
        self._session.judged = None
        self._session.events.judgements.disconnect(self._on_judgements)
        self._session.events.folder.disconnect(self._on_folder)
        app = QApplication.instance()
        if app is not None:
            app.aboutToQuit.disconnect(self._flush)

    def _flush(self) -> None:
        Unsaved.flush_all()

    # ---- reading

    def _open(self, comparison: Comparison, places: str) -> None:
        quick = self._quick

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.identity import identities_of
            from napari_verdict.report.session import open_session

            yield Progress(0, 1, "judgements")
            identities = identities_of(comparison, token, places=places)
            file = open_session(_folder_of(identities), identities)
            return identities, file, open_session(_unfinished(), quick)

        self._reader.start(steps, "Looking for judgements")

    def _on_opened(self, outcome: Any) -> None:
        if not isinstance(outcome, tuple):
            self.troubled.emit(words_of(outcome))
            return
        if self._identities is not None:
            self._on_beside(*outcome)
            return
        self._identities, file, unfinished = outcome
        before = self._session.judgements
        if self._before is not None and self._before != self._identities:
            before = Judgements()  # other pixels, though the sample did not show it
        left = Unsaved.taken(self._identities, self._quick)
        found = {**unfinished.found, **file.found, **left}
        self._unsaved.move_to(file, unfinished)
        self._set(before.including(found))
        self.troubled.emit(file.trouble)
        self.opened.emit(_truth_of(self._identities), self._arrays[0])
        if len(before) or unfinished.found or left:
            self._write()
        if self._session.folder is not None:
            self._on_folder(self._session.folder)

    def _on_folder(self, folder: Any) -> None:
        """Keep them beside the result that was just saved."""
        if folder is None or self._identities is None:
            return
        identities = self._identities

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.report.session import open_session

            yield Progress(0, 1, "judgements")
            return identities, open_session(folder, identities)

        self._reader.start(steps, "Looking for judgements")

    def _on_beside(self, _: Any, file: SessionFile) -> None:
        self._unsaved.keep_beside(file)
        self._set(self._session.judgements.including(file.found))
        self.troubled.emit(file.trouble)
        self._write()

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
        self._again.stop()
        self._unsaved.put(self._session.judgements)
        if not self._writer.is_busy:
            unsaved = self._unsaved

            def steps(token: CancelToken) -> Generator[Progress, None, Any]:
                yield Progress(0, 1, "keeping judgements")
                unsaved.write()
                return True

            self._writer.start(steps, "Keeping judgements")

    def _on_written(self, outcome: Any) -> None:
        if outcome is not True:
            self.troubled.emit(words_of(outcome))
            if isinstance(outcome, Refused) and self._unsaved.waiting:
                self._again.start()
            return
        self.troubled.emit("")
        if self._unsaved.waiting:
            self._write()
        else:
            self.kept.emit()


def places_of(
    result: ImageResult, judgements: Judgements, ranking: str, token: CancelToken
) -> list[Entries]:
    """List again, for a worker, the places of a restoration that were judged."""
    from napari_verdict.comparison.restoration.places import worst_places

    by, scale, _ = ranking.rsplit(" ", 2)
    judged = sorted({key.candidate for key in judgements.marks if key.role == "place"})
    return [worst_places(result, c, by=by, scale=int(scale), token=token) for c in judged]


def said_of(comparison: Comparison, token: CancelToken) -> Judgements | None:
    """Return what was said of objects on any day; None without, and of places.

    Which places were judged depends on how they were ranked, which only Inspect knows.

    For a worker: reads all pixels.
    """
    from napari_verdict.report.identity import identities_of
    from napari_verdict.report.session import open_session

    if comparison.task in ("restoration", "evidence"):
        return None
    identities = identities_of(comparison, token)
    found = dict(open_session(_folder_of(identities), identities).found)
    quick = identities_of(comparison, quick=True)
    found |= open_session(_unfinished(), quick).found
    return Judgements().including(found) if found else None


def _unfinished() -> Path:
    """Return where judgements are kept until the pixels they belong to are known."""
    return home() / "unfinished"


def _truth_of(identities: Mapping[str, Identity]) -> str:
    return next(iter(identities.values())).ground_truth.sha256


def _folder_of(identities: Mapping[str, Identity]) -> Path:
    """Return where judgements of these pixels are kept."""
    return home() / _truth_of(identities)[:16]
