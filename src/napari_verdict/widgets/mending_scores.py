"""Scores against the ground truth as it was and as it is mended, one above the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_verdict.viewer.mended import NAME
from napari_verdict.widgets.words import explain, rows_of, score_in, text_of

if TYPE_CHECKING:
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.widgets.words import Row

#: Scores that are shown before and after, as the score table names them.
SHOWN = ("f1", "pq", "fn", "fp")


class MendingScores(QWidget):
    """F1, PQ and the numbers of missed and extra objects, before and after."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: dict[tuple[int, str], QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for line, name in enumerate(("ground truth", "mended"), start=1):
            grid.addWidget(QLabel(name), line, 0)
            for k, metric in enumerate(SHOWN, start=1):
                cell = self.cells[line, metric] = QLabel()
                cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
                grid.addWidget(cell, line, k)
        for k, metric in enumerate(SHOWN, start=1):
            head = self.cells[0, metric] = QLabel()
            grid.addWidget(head, 0, k)
            grid.setColumnStretch(k, 1)
        self.setToolTip(
            f"Scores against the ground truth and against “{NAME}”; they follow every stroke, "
            "undo and redo"
        )
        self.setAccessibleName("Scores before and after mending")

    def show_scores(
        self, original: LabelResult | None, mended: LabelResult | None, candidate: str
    ) -> None:
        """Show the scores of a candidate; hidden where there is no mended copy."""
        self.setVisible(mended is not None)
        if original is None or mended is None:
            return
        for line, result in enumerate((original, mended), start=1):
            rows: dict[str, Row] = {r.metric: r for r in rows_of(result) if not r.pixels}
            for metric in SHOWN:
                row, cell = rows.get(metric), self.cells[line, metric]
                if row is not None:
                    score = score_in(result, row, candidate)
                    self.cells[0, metric].setText(row.title)
                    cell.setText(text_of(score, row))
                    cell.setToolTip(explain(score, row, result))
