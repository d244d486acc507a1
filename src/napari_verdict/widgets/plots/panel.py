"""The plots of a result: one is chosen, and what is clicked in it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_verdict.comparison.entries import Filter
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.fly import box_in_layer
from napari_verdict.viewer.places import go_to_index, index_along
from napari_verdict.widgets.docks import Dock, dock_of, open_inspect, raise_dock
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.keys import keys_of
from napari_verdict.widgets.plots.offer import PLOTS, offered, pixel_size
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.words import axis_over, rows_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.entries import Entries, EntryKey
    from napari_verdict.comparison.result import Result
    from napari_verdict.engine.cancel import CancelToken

_PAUSE = 80  # ms without another threshold before plots are drawn again


class PlotsPanel(Dock):
    """Shows one plot of the result that is looked at; it follows the session.

    Parameters
    ----------
    napari_viewer : napari viewer
        Whose session is followed and whose sliders are moved.
    """

    #: Keys of the entries that a click asks for, worst first, and what they have in common.
    wanted = Signal(object, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self._views: dict[str, Any] = {}
        self._axis = ""
        self._job = Job(self)
        self._job.done.connect(self._on_lines)
        self._listed: tuple[Any, Entries | None] = (None, None)
        self.chooser = _combo("Plot", "What is drawn")
        self.score = _combo("Score", "Which score is drawn")
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        self.empty = QLabel("Validate first: plots show what the scores are made of.")
        self.empty.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self.chooser, 1)
        top.addWidget(self.score, 1)
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.addLayout(top)
        for widget in (self.empty, self.caption):
            self._layout.addWidget(widget)
        self._layout.addStretch(1)
        self._scroll(content)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE)
        self._later.timeout.connect(self.update_plot)
        self.chooser.currentIndexChanged.connect(self.update_plot)
        self.score.currentIndexChanged.connect(self.update_plot)
        self.session.events.result.connect(self._on_session)
        self.session.events.candidate.connect(self._on_session)
        self.session.events.selected.connect(self._on_selected)
        self.session.events.wanted.connect(self._on_wanted)
        napari_viewer.dims.events.current_step.connect(self._on_step)
        keys_of(napari_viewer).add("back", self.go_back)
        self._offer()

    def stop(self) -> None:
        """Let go of viewer and session."""
        super().stop()
        self._later.stop()
        self._job.cancel()
        self.session.events.result.disconnect(self._on_session)
        self.session.events.candidate.disconnect(self._on_session)
        self.session.events.selected.disconnect(self._on_selected)
        self.session.events.wanted.disconnect(self._on_wanted)
        self._viewer.dims.events.current_step.disconnect(self._on_step)
        keys_of(self._viewer).remove(self)
        for view in self._views.values():
            if hasattr(view, "stop"):
                view.stop()

    def plot(self, name: str) -> Any:
        """Return the widget of a plot, made when it is first asked for."""
        if name not in self._views:
            view = self._views[name] = self._connected(PLOTS[name].make(self._viewer))
            self._layout.insertWidget(self._layout.count() - 2, view)
        return self._views[name]

    def _connected(self, view: Any) -> Any:
        """Hear what is clicked in a plot."""
        heard = {"bar": self.on_bar, "point": self.on_point}
        heard |= {"group": self.on_group, "frame": self.on_frame, "object": self.on_object}
        if view.gives:
            view.chosen.connect(heard[view.gives])
        return view

    @property
    def shown(self) -> str:
        """Which of `PLOTS` is chosen; "" where there is none."""
        return str(self.chooser.currentData() or "")

    def showEvent(self, event: Any) -> None:
        """Draw what changed while it was hidden."""
        super().showEvent(event)
        self.update_plot()

    # ---- what is drawn

    def _on_wanted(self, wanted: Filter | None) -> None:
        """Turn to the plot of what another dock asks the list for."""
        if wanted is not None and wanted.by == "intensity":
            self.chooser.setCurrentIndex(max(0, self.chooser.findData("intensity")))

    def _on_session(self, _: Any = None) -> None:
        self._offer()
        self._later.start()

    def _offer(self) -> None:
        """Offer the plots that the result has."""
        result = self.session.result
        names = offered(result)
        self._axis = axis_over(result) if "frames" in names else ""
        axis = {"t": "time", "z": "depth"}.get(self._axis, self._axis)
        if [self.chooser.itemData(i) for i in range(self.chooser.count())] != names:
            before = self.shown
            with signals_blocked(self.chooser):
                self.chooser.clear()
                for name in names:
                    self.chooser.addItem(PLOTS[name].title.format(axis=axis), name)
                self.chooser.setCurrentIndex(max(0, self.chooser.findData(before)))
        if "frames" in names:
            titles = [(row.title, i) for i, row in enumerate(rows_of(result))]
            if [self.score.itemText(i) for i in range(self.score.count())] != [
                t for t, _ in titles
            ]:
                with signals_blocked(self.score):
                    self.score.clear()
                    for title, i in titles:
                        self.score.addItem(title, i)

    def update_plot(self, _: Any = None) -> None:
        """Draw the chosen plot of the result as it is now; nothing where it cannot be seen."""
        if not self.isVisible():
            return
        self._later.stop()
        name, result = self.shown, self.session.result
        self.empty.setVisible(not name)
        self.chooser.setVisible(bool(name))
        self.score.setVisible(name == "frames")
        self.caption.setVisible(bool(name))
        if name:
            axis = {"t": "time", "z": "depth"}.get(self._axis, self._axis)
            self.caption.setText(PLOTS[name].caption.format(axis=axis))
            getattr(self, f"_show_{name}")(result)
        for other, view in self._views.items():
            view.setVisible(other == name)

    def _show_iou(self, result: Result) -> None:
        threshold = result.comparison.settings.iou_threshold
        self.plot("iou").show_entries(self._entries(), threshold)

    def _show_size(self, result: Result) -> None:
        threshold = result.comparison.settings.iou_threshold
        size, unit = pixel_size(result.comparison.ground_truth)
        self.plot("size").show_entries(self._entries(), threshold, size, unit)
        self._on_selected()

    def _show_noise(self, result: Result) -> None:
        self.plot("noise").show_conditions(result.conditions, self.session.candidate)  # type: ignore[attr-defined]

    def _show_pair(self, result: Result) -> None:
        self.plot("pair").set_result(result)

    def _show_intensity(self, result: Any) -> None:
        self.plot("intensity").show_result(result, self.session.candidate, self.session.roles)

    def _show_frames(self, result: Result) -> None:
        row, axis = rows_of(result)[max(0, self.score.currentIndex())], self._axis
        self.plot("frames")
        self._on_step()

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            # of a long stack, scores of frames at another threshold take their time
            from napari_verdict.widgets.plots.frames import lines_over

            yield Progress(0, 1, "frames")
            return lines_over(result, row, axis), axis, row.title

        self._job.start(steps, "Score over planes or frames")

    def _on_lines(self, outcome: Any) -> None:
        if isinstance(outcome, tuple):
            self.plot("frames").show_lines(*outcome)

    def _entries(self) -> Entries:
        from napari_verdict.comparison.objects.listing import object_entries

        asked = (self.session.result, self.session.candidate)
        if self._listed[0] != asked:
            self._listed = (asked, object_entries(*asked))
        return self._listed[1]  # type: ignore[return-value]

    # ---- what is clicked

    def on_bar(self, low: float, high: float, rows: Any) -> None:
        """List the entries of a bar."""
        entries = self._entries()
        self._want([entries.key(int(r)) for r in rows], f"IoU {low:.2f} to {high:.2f}")

    def on_point(self, row: int) -> None:
        """Look at the entry of a point."""
        self._open_list()
        raise_dock(self)
        self.session.selected = self._entries().key(row)

    def on_group(self, agreement: Any, group: str) -> None:
        """List the objects that two predictions agree or disagree on."""
        a, b = agreement.a, agreement.b
        if self.session.candidate not in (a, b):
            self.session.candidate = a
        keys = set(agreement.keys(group, self.session.candidate))
        text = {
            "both": f"{a} and {b} find",
            "only a": f"{a} finds, {b} misses",
            "only b": f"{b} finds, {a} misses",
            "neither": f"{a} and {b} miss",
        }[group]
        self._want(_in_order(self._entries(), keys), text)

    def _want(self, keys: list[EntryKey], text: str) -> None:
        """Ask the list for these entries and look at the worst of them."""
        self._open_list()
        self.session.wanted = Filter(only=frozenset(keys))
        self.wanted.emit(keys, text)
        self.session.selected = keys[0]

    def _open_list(self) -> None:
        """Open the list of what is wrong, which leads to the place."""
        if dock_of(self) is not None:
            open_inspect(self._viewer)

    def on_frame(self, index: int) -> None:
        """Step to a plane or frame."""
        axes = self.session.result.comparison.ground_truth.axes
        go_to_index(self._viewer, axes, self._axis, index)

    def on_object(self, found: Any, row: int) -> None:
        """Fly to an object whose intensity was clicked."""
        roles = self.session.roles
        layer = None if roles is None else roles.ground_truth
        if layer is not None and layer in self._viewer.layers:
            low, high, middle = box_in_layer(self.session.result, layer, found, row)
            self.session.flight.to(layer, low, high, middle)

    def go_back(self, pressed: bool) -> bool:
        """Go back to where camera and sliders were, also where no list is open."""
        return pressed and bool(self.session.flight.back())

    def _on_step(self, event: Any = None) -> None:
        if "frames" in self._views and self._axis:
            axes = self.session.result.comparison.ground_truth.axes
            self._views["frames"].move_to(index_along(self._viewer, axes, self._axis))

    def _on_selected(self, _: Any = None) -> None:
        if "size" in self._views and self.shown == "size" and self.isVisible():
            key = self.session.selected
            row = -1 if key is None else self._entries().find(key)
            self._views["size"].select(row)


def _in_order(entries: Entries, keys: set[EntryKey]) -> list[EntryKey]:
    """Return the keys in the order of the entries, worst first."""
    near = np.isin(entries.id, [key.id for key in keys])  # an id may be there in other frames too
    return [key for row in np.flatnonzero(near).tolist() if (key := entries.key(row)) in keys]


def _combo(name: str, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return combo
