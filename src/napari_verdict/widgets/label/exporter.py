"""Labels into a folder, for training and evaluation, with where they come from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog

from napari_verdict.annotation.origins import Origin
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.compared import labelled_input
from napari_verdict.widgets.label.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.annotation.origins import Origins
    from napari_verdict.comparison.model import Input
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.label.dock import LabelWidget


_ZARR = (
    "Save all labels through napari as ground_truth.ome.zarr as well, of several images one each"
)
_NO_WRITER = (
    "No writer of OME-Zarr is installed. Install one with pip install 'napari-verdict[zarr]' and "
    "start napari again"
)


class Exporter(QObject):
    """Asks for a folder and writes there in a worker.

    Parameters
    ----------
    dock : LabelWidget
        Whose labels.
    """

    #: Pixels were copied in a worker.
    _copied = Signal(object)

    def __init__(self, dock: LabelWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._copied.connect(self._on_copied)
        dock.page.export.clicked.connect(self._ask)
        dock.state.events.bench.connect(self._offer_zarr)

    def export(self, folder: Path) -> None:
        """Write labels, tiles, objects and provenance; what is painted meanwhile is left out."""
        bench, plan, work = self._dock.state.bench, self._dock.state.plan, self._dock.work
        if bench is None or work is None:
            return
        moment, copied = Moment(work), self._copied.emit
        # the layer may have been renamed since its tiles were drawn
        image = replace(labelled_input(bench.raw, bench.axes), name=bench.image)
        who = work.keeper.annotator
        estimates = self._dock.state.estimates or {}
        scores = [r for e in estimates.values() for r in e.all_rows]
        # whether labels that were there before were made blind nobody knows
        given = any(o.made is Origin.GIVEN for o in moment.origins.objects.values())
        told: dict[str, Any] = {
            "scores": [] if self._dock.second.is_on else scores,
            "blind": None if given else not work.keeper.corrected,
        }
        if self._dock.page.zarr.isChecked():
            # what napari's writers take: pixels and what is said of them
            told["zarr"] = partial(save_zarr, *bench.truth.as_layer_data_tuple()[1:])

        def mine() -> tuple[Any, Origins, Any]:
            return moment.labels, moment.origins, moment.ignore

        read = self._dock.shelf.reader(image, mine) if self._dock.shelf.is_on else None

        def steps(token: CancelToken) -> Generator[Progress, None, Path]:
            from napari_verdict.report.labels import exporting
            from napari_verdict.report.labels_set import exporting_set

            yield Progress(0, 1, "copying labels")
            moment.take(token, copied)
            if read is not None:
                names = [i.name for i in plan.images]
                yield from exporting_set(folder, names, read, who, plan, token, **told)
            else:
                labels, origins, ignore = mine()
                told.update(plan=plan, ignore=ignore)
                yield from exporting(folder, image, labels, origins, who, token, **told)
            return folder

        self._job.start(steps, "Exporting labels")

    def stop(self) -> None:
        """Write no more."""
        self._job.cancel()

    def _offer_zarr(self, bench: Any) -> None:
        if bench is None:
            return
        box, why_not = self._dock.page.zarr, "" if _zarr_writers() else _NO_WRITER
        box.setEnabled(not why_not)
        box.setChecked(box.isChecked() and not why_not)
        box.setToolTip(why_not or _ZARR)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._dock, "Export labels into")
        if folder:
            self.export(Path(folder))

    def _on_copied(self, moment: Moment) -> None:
        moment.hear_no_more()

    def _on_done(self, outcome: Any) -> None:
        if isinstance(outcome, Path):
            self._dock.state.message = f"Exported to {outcome}."
        else:
            self._dock.state.message = words_of(outcome)


def save_zarr(meta: dict[str, Any], kind: str, path: Path, labels: Any, image: Input) -> None:
    """Save labels as OME-Zarr through napari's writers, in a worker.

    Parameters
    ----------
    meta, kind : dict, str
        What napari says of the layer, and its type.
    path : Path
        What it is called.
    labels : ndarray of int
        The labels.
    image : Input
        What they are of; the layer may have shown another one.
    """
    import npe2

    place = {
        "name": path.name.removesuffix(".ome.zarr"),
        "axis_labels": tuple(image.axes),
        "scale": image.scale,
        "translate": image.translate,
        "units": image.units,
        "features": {},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    npe2.write(str(path), [(labels, meta | place, kind)], plugin_name=_zarr_writers()[0])


def _zarr_writers() -> list[str]:
    """Return the plugins that write labels as OME-Zarr: ours first, where it has what it takes."""
    from npe2 import PluginManager

    from napari_verdict.report.ome_zarr import can_write

    ours = "napari-verdict"
    writers = PluginManager.instance().iter_compatible_writers(["labels"])
    names = [w.plugin_name for w in writers if ".zarr" in w.filename_extensions]
    others = [n for n in dict.fromkeys(names) if n != ours]
    return [ours, *others] if ours in names and can_write() else others
