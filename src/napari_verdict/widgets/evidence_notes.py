"""What stands beside evidence: what is claimed, how noise is known, what one more image tells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_verdict.comparison.model import Task
from napari_verdict.viewer.kinds import style_of
from napari_verdict.widgets.keys import KEYS

if TYPE_CHECKING:
    from napari_verdict.comparison.evidence.result import EvidenceResult
    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.verdict.sentence import Part


class EvidenceNotes(QWidget):
    """The table of signatures, the noise, and further captures; hidden for other results."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        #: What can be claimed at all, to be laid out below the verdict.
        self.statement = _words("What is claimed")
        self.statement.hide()
        self.title = _words("What the table shows")
        self.noise, self.captures = _words("Noise"), _words("Further captures")
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(6)
        self._table.setColumnStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addLayout(self._table)
        layout.addWidget(self.noise)
        layout.addWidget(self.captures)
        self._shown: Any = None
        self.hide()

    def show_result(self, result: Result, candidate: str) -> None:
        """Write what is known of a candidate; nothing where scores are shown."""
        evidence = result.comparison.task is Task.EVIDENCE
        self.statement.setVisible(evidence)
        self.setVisible(evidence)
        if evidence and self._shown != (result, candidate):
            self._shown = (result, candidate)
            self._write(result, candidate)  # type: ignore[arg-type]

    def _write(self, result: EvidenceResult, candidate: str) -> None:
        from napari_verdict.comparison.evidence.glance import (
            PARTS,
            STATEMENT,
            capture_words,
            noise_words,
            readings_of,
            signatures_of,
        )

        self.statement.setText(STATEMENT)
        self.noise.setText(noise_words(result, candidate))
        self.captures.setText(capture_words(result))
        rows = signatures_of(result, candidate)
        self.title.setText(f"What {candidate} leaves of raw, against noise alone")
        self.title.setVisible(bool(rows))
        while (item := self._table.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        parts = [
            f"{part}: {like}" if like else part
            for part, like in zip(PARTS, readings_of(result, candidate), strict=False)
        ]
        across = [
            ["", *parts, "noise alone"],
            *([r.title, *map(_number, r.values), _number(r.expected)] for r in rows),
        ]
        cells = list(zip(*across, strict=True)) if rows else []
        for i, line in enumerate(cells):
            for k, text in enumerate(line):
                label = QLabel(text) if k else _words(text or "Of which pixels", text)
                if k:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                label.setToolTip(
                    "Of raw minus prediction in standard deviations of the noise, without the "
                    "places that are listed: of all pixels, and of thirds by brightness"
                )
                self._table.addWidget(label, i, k)


def look_by_keys(candidate: str) -> tuple[Part, ...]:
    """Return how a person looks at the places of a candidate, as parts of the verdict."""
    return (
        ("Next: go to each place in ", None),
        ("Inspect errors", ("evidence", candidate)),
        (f" and hold {KEYS['hold raw']} to see raw there.", None),
    )


def how_to_look(entries: Any, row: int) -> str:
    """Return what an entry without ground truth means, and the keys to look at it with."""
    if entries is None or entries.value_name not in ("evidence", "dispute"):
        return ""
    meaning = style_of(entries.kinds[entries.kind[row]]).meaning
    raw, prediction, left = (KEYS[f"hold {n}"] for n in ("raw", "prediction", "ground truth"))
    keys = f"Hold {raw} for raw, {prediction} for the prediction, {left} for the residual."
    return f"\n{meaning} {keys}"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def _words(name: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setAccessibleName(name)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
