"""Which places of a restored image are listed: which list, what ranks them, how large they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget
from superqt.utils import signals_blocked

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.engine.cancel import CancelToken

#: Rankings of `napari_verdict.comparison.restoration.places`, as a person reads them.
RANKINGS = {
    "worst": "most unusual error",
    "structure": "lowest SSIM",
    "error": "highest error",
    "worse than raw": "worse than raw",
    "intensity": "intensity off the line",
}
#: Lists there are without ground truth, the second of several predictions.
LISTS = {
    "evidence": "where raw contradicts it",
    "disputes": "where predictions disagree",
}


class PlaceChooser(QWidget):
    """Chooses a ranking and a scale, and finds the places in a worker."""

    #: The choice was changed; what is listed has to be looked for.
    changed = Signal()
    #: `Entries` were found, or a `Refused` or `Failed`.
    found = Signal(object)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.by = QComboBox()
        self.by.setAccessibleName("What ranks the places")
        self.by.setToolTip(
            "Most unusual error: against the error that is usual where it is as bright\n"
            "and as uneven.\n"
            "Lowest SSIM, highest error, worse than raw: the mean of that map in the place.\n"
            "Intensity off the line: what bends the intensity curve, as nonlinearity has it"
        )
        self.scale = QSpinBox()
        self.scale.setRange(4, 512)
        self.scale.setValue(16)
        self.scale.setSuffix(" px")
        self.scale.setKeyboardTracking(False)
        self.scale.setAccessibleName("Size of a place")
        self.scale.setToolTip("Side of a place in pixels: about the size of what you look for")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._label = QLabel("Rank by")
        layout.addWidget(self._label)
        layout.addWidget(self.by, 1)
        layout.addWidget(self.scale)
        self._how = ""
        self._asked: Any = None
        self._known: tuple[Any, Entries] | None = None
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self.by.activated.connect(self.changed)
        self.scale.valueChanged.connect(self.changed)

    @property
    def ranking(self) -> str:
        """What ranks the places."""
        return str(self.by.currentData() or "")

    @property
    def how(self) -> str:
        """How places are found, in words: what their ids depend on."""
        return self._how or f"{self.ranking} {self.scale.value()} px"

    def rank_by(self, name: str) -> None:
        """Choose a ranking where it is offered."""
        index = self.by.findData(name)
        if index >= 0 and index != self.by.currentIndex():
            self.by.setCurrentIndex(index)
            self.changed.emit()

    def entries(self, result: Any, candidate: str) -> Entries | None:
        """Return the places that are asked for; None while they are looked for.

        Parameters
        ----------
        result : ImageResult or EvidenceResult
            Of a restoration, or without ground truth.
        candidate : str
            One of its candidates.
        """
        evidence = result.comparison.task == "evidence"
        self.scale.setVisible(not evidence)
        self._label.setText("List" if evidence else "Rank by")
        if evidence:
            return self._evidence(result, candidate)
        self._how = ""
        raw = result.comparison.raw is not None and candidate != RAW
        self._offer({n: t for n, t in RANKINGS.items() if raw or n != "worse than raw"})
        most = max(1, min(result.comparison.ground_truth.source.shape[1:]) // 4)
        with signals_blocked(self.scale):  # larger places would be cut down to this
            self.scale.setRange(min(4, most), most)
        by, scale = self.ranking, self.scale.value()
        asked = (result, candidate, by, scale)
        if self._known is not None and self._known[0] == asked:
            return self._known[1]
        if self._asked != asked or not self._job.is_busy:
            self._asked = asked

            def steps(token: CancelToken) -> Generator[Progress, None, Entries]:
                from napari_verdict.comparison.restoration.places import worst_places

                yield Progress(0, 1, "places")
                return worst_places(result, candidate, by=by, scale=scale, token=token)

            self._job.start(steps, "Looking for the worst places")
        return None

    def stop(self) -> None:
        """Stop looking."""
        self._job.cancel()

    def _evidence(self, result: Any, candidate: str) -> Entries:
        """List what was found without ground truth; ids depend on noise and settings."""
        several = len(result.comparison.predictions) > 1 and candidate != RAW
        self._offer({n: t for n, t in LISTS.items() if several or n != "disputes"})
        self.setVisible(several)
        noise = next(iter(result.conditions.values())).noise
        line = f"{noise.slope:.6g} {noise.intercept:.6g} {noise.floor:.6g}"
        # of both lists: their entries have roles of their own
        self._how = f"{result.comparison.evidence} {line}"
        found: Entries = (
            result.dispute_entries(candidate)
            if self.ranking == "disputes"
            else result.entries(candidate)
        )
        return found

    def _offer(self, offered: dict[str, str]) -> None:
        names = list(offered)
        if names != [self.by.itemData(i) for i in range(self.by.count())]:
            before = self.by.currentData()
            with signals_blocked(self.by):
                self.by.clear()
                for name in names:
                    self.by.addItem(offered[name], name)
                self.by.setCurrentIndex(max(0, self.by.findData(before)))

    def _on_done(self, outcome: Any) -> None:
        if hasattr(outcome, "kinds"):
            self._known = (self._asked, outcome)
        self.found.emit(outcome)
