"""Labels into a folder, for training and evaluation, with where they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.compared import labelled_input

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Progress
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.label.dock import LabelWidget


class Exporter(QObject):
    """Asks for a folder and writes there in a worker.

    Parameters
    ----------
    dock : LabelWidget
        Whose labels.
    """

    def __init__(self, dock: LabelWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        dock.page.export.clicked.connect(self._ask)

    def export(self, folder: Path) -> None:
        """Write labels, tiles, objects and provenance; what is painted meanwhile is left out."""
        bench, plan, work = self._dock.state.bench, self._dock.state.plan, self._dock.work
        if bench is None or work is None:
            return
        # the layer may have been renamed since its tiles were drawn
        image = replace(labelled_input(bench.raw, bench.axes), name=bench.image)
        labels, mask = bench.truth.data, self._dock.desk.ambiguous
        origins, who = work.keeper.origins, work.keeper.annotator
        ignore = None if mask is None else mask.data
        estimates = self._dock.state.estimates or {}
        scores = [r for e in estimates.values() for r in e.all_rows]
        scores = [] if self._dock.second.is_on else scores
        blind = not work.keeper.corrected

        if self._dock.shelf.is_on:
            from napari_verdict.report.labels_set import Labelled, exporting_set

            mine = Labelled(image, "", labels.copy(), origins, ignore)
            read = self._dock.shelf.reader(mine)
            names = [i.name for i in plan.images]

            def steps_of_set(token: CancelToken) -> Generator[Progress, None, Path]:
                yield from exporting_set(
                    folder, names, read, who, plan, token, scores=scores, blind=blind
                )
                return folder

            self._job.start(steps_of_set, "Exporting labels")
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Path]:
            from napari_verdict.report.labels import exporting

            yield from exporting(
                folder,
                image,
                labels.copy(),
                origins,
                who,
                token,
                plan=plan,
                ignore=ignore,
                scores=scores,
                blind=blind,
            )
            return folder

        self._job.start(steps, "Exporting labels")

    def stop(self) -> None:
        """Write no more."""
        self._job.cancel()

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._dock, "Export labels into")
        if folder:
            self.export(Path(folder))

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, Path):
            self._dock.state.message = f"Exported to {outcome}."
        else:
            self._dock.state.message = words_of(outcome)
