"""Labels into a folder, for training and evaluation, with where they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_verdict.annotation.origins import Origin
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.compared import labelled_input

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.label.dock import LabelWidget


_ZARR = "Save all labels through napari as ground_truth.ome.zarr as well"
_NO_WRITER = (
    "No writer of OME-Zarr is installed. Install one with pip install 'napari-verdict[zarr]' and "
    "start napari again"
)
_SEVERAL = (
    "Of several images the labels of each can be saved as OME-Zarr while it is open: File > Save "
    "Selected Layers..., under a name that ends in .zarr"
)


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
        dock.state.events.bench.connect(self._offer_zarr)

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
        # whether labels that were there before were made blind nobody knows
        given = any(o.made is Origin.GIVEN for o in origins.objects.values())
        blind = None if given else not work.keeper.corrected
        zarr = self._dock.page.zarr
        # what napari's writers take: pixels and what is said of them
        layer = (*bench.truth.as_layer_data_tuple()[1:],) if zarr.isChecked() else None

        if self._dock.shelf.is_on:
            from napari_verdict.report.labels_set import Labelled, exporting_set

            mine = Labelled(image, "", labels, origins, ignore)
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

            if layer is not None:
                yield Progress(0, 1, "exporting")
                save_zarr(folder, labels.copy(), *layer)
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

    def _offer_zarr(self, bench: Any) -> None:
        if bench is None:
            return
        box, why_not = self._dock.page.zarr, ""
        if not _zarr_writers():
            why_not = _NO_WRITER
        elif self._dock.shelf.is_on:
            why_not = _SEVERAL
        box.setEnabled(not why_not)
        box.setChecked(box.isChecked() and not why_not)
        box.setToolTip(why_not or _ZARR)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._dock, "Export labels into")
        if folder:
            self.export(Path(folder))

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, Path):
            self._dock.state.message = f"Exported to {outcome}."
        else:
            self._dock.state.message = words_of(outcome)


def save_zarr(folder: Path, labels: Any, meta: dict[str, Any], kind: str) -> None:
    """Save labels as OME-Zarr through napari's writers, in a worker.

    Parameters
    ----------
    folder : Path
        Where ``ground_truth.ome.zarr`` is put.
    labels : ndarray of int
        The labels.
    meta, kind : dict, str
        What napari says of the layer, and its type.
    """
    import npe2

    path = str(folder / "ground_truth.ome.zarr")
    folder.mkdir(parents=True, exist_ok=True)
    npe2.write(path, [(labels, meta, kind)], plugin_name=_zarr_writers()[0])


def _zarr_writers() -> list[str]:
    """Return the plugins that write labels as OME-Zarr: ours first, where it has what it takes."""
    from npe2 import PluginManager

    from napari_verdict.report.ome_zarr import can_write

    ours = "napari-verdict"
    writers = PluginManager.instance().iter_compatible_writers(["labels"])
    names = [w.plugin_name for w in writers if ".zarr" in w.filename_extensions]
    others = [n for n in dict.fromkeys(names) if n != ours]
    return [ours, *others] if ours in names and can_write() else others
