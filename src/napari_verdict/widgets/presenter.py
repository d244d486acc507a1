"""Between a result and the viewer: what is drawn, whose, and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.freshness import Freshness, compared_layers
from napari_verdict.viewer.grid import panels
from napari_verdict.viewer.joint import ALL, joint_keys
from napari_verdict.viewer.overlay_layers import is_painted_when_read, rewrite_layers
from napari_verdict.viewer.result_layers import (
    Drawing,
    arrange_colour_bars,
    draw,
    find,
    first_names,
    key_of,
    keys_of_result,
    prepare,
    result_layers,
    set_out_of_date,
    uncover,
)
from napari_verdict.widgets.hovering import Hovering
from napari_verdict.widgets.job import Job
from napari_verdict.widgets.planes import PlaneWorker
from napari_verdict.widgets.rematch import Rematch
from napari_verdict.widgets.session import session_of
from napari_verdict.widgets.validation import validation
from napari_verdict.widgets.words import best_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.result import Result
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.layers import Roles
    from napari_verdict.widgets.job import Steps


class Presenter(QObject):
    """Draws the maps or overlays of the candidate that is looked at.

    Parameters
    ----------
    viewer : napari viewer
        Where to.
    parent : QObject
        The dock.
    """

    #: Something was drawn, shown, hidden or is no longer up to date.
    changed = Signal()
    #: A drawing could not be made: `Refused` or `Failed`.
    failed = Signal(object)
    #: The result is at another threshold.
    rethresholded = Signal()
    #: All that was asked for is drawn.
    drawn = Signal()

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.result: Any = None
        self.candidate = ""
        self._viewer = viewer
        self._session = session_of(viewer)
        self._session.events.candidate.connect(self.look_at)
        self._roles: Roles | None = None
        self._names: frozenset[str] = frozenset()
        self._waiting: list[Drawing] = []
        self._asked: tuple[Any, str, frozenset[str]] = (None, "", frozenset())
        self._hover, self._freshness = Hovering(viewer, self), Freshness()
        self._freshness.changed.connect(self._on_freshness)
        self._job = Job(self)
        self._job.done.connect(self._on_prepared)
        self._planes = PlaneWorker(viewer, self)
        self._planes.failed.connect(self.failed)
        # one layer an event-loop turn, so that the window stays alive
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._draw_next)
        self._rematch = Rematch(self)
        self._rematch.done.connect(self._on_rematched)
        self._painted: Any = None  # the result that overlays show
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.setInterval(0)
        self._repaint.timeout.connect(self.repaint)
        viewer.layers.events.inserted.connect(self._on_layers)
        viewer.layers.events.removed.connect(self._on_layers)
        viewer.layers.events.reordered.connect(self._on_layers)
        viewer.canvas.grid.events.enabled.connect(self._on_layers)

    # ---- a run

    def steps(self, comparison: Comparison) -> Steps:
        """Return what a worker does to validate: run, then prepare what will be drawn."""
        existing = frozenset(k for k in map(key_of, result_layers(self._viewer)) if k)
        return validation(comparison, existing, self.candidate, self._names)

    def present(
        self, outcome: Any, roles: Roles, limits: Iterable[Any] = (), beside: Any = None
    ) -> None:
        """Show what the steps returned.

        Parameters
        ----------
        outcome
            What the steps returned.
        roles : Roles
            The layers it was computed from.
        limits : iterable of (layer, corners or array-like)
            What regions and the ignore mask were made from, as it was.
        beside : Result, optional
            Another result of the same layers that still holds; its layers are hidden.
        """
        first = not result_layers(self._viewer)
        result, candidate, names, drawings = outcome
        redrawn = {(d.candidate, d.name) for d in drawings}
        held = keys_of_result(beside) | joint_keys(beside) if beside is not None else set()
        left = [x for x in result_layers(self._viewer) if key_of(x) not in redrawn]
        set_out_of_date([x for x in left if key_of(x) not in held], True)
        for layer in left:
            layer.visible = layer.visible and key_of(layer) not in held
        self._take(result, candidate, names, roles, limits)
        if first and self.result.comparison.task.is_labels:
            # their own colours would show through those of the classes
            for layer in (roles.ground_truth, *roles.predictions):
                layer.visible = False
        self._draw(drawings)

    def turn_to(self, result: Result, roles: Roles, limits: Iterable[Any] = ()) -> None:
        """Show another result of the same layers, which was presented before."""
        known = self.candidate in result.comparison.candidates
        candidate = self.candidate if known else best_of(result)
        self._take(result, candidate, first_names(result), roles, limits)
        for layer in result_layers(self._viewer):
            layer.visible = False
        for name in self._names:
            self.show(name)
        self.changed.emit()

    def _take(
        self, result: Any, candidate: str, names: Any, roles: Roles, limits: Iterable[Any]
    ) -> None:
        self._rematch.cancel()
        self.result, self.candidate, self._names = result, candidate, frozenset(names)
        self._roles, self._painted = roles, result
        compared = compared_layers(roles, result.request or result.comparison)
        self._freshness.watch([*compared, *limits])
        self._hover.follow(result, roles.ground_truth, candidate)
        uncover(self._viewer, self._roles, self.result, self.candidate)
        self._share()

    @property
    def out_of_date(self) -> list[str]:
        """Names of the layers that changed since."""
        return [layer.name for layer in self._freshness.stale]

    def stop(self) -> None:
        """Leave viewer and layers alone."""
        self._job.cancel()
        self._planes.stop()
        self._rematch.cancel()
        self._turn.stop()
        self._repaint.stop()
        self._session.events.candidate.disconnect(self.look_at)
        layers = self._viewer.layers.events
        for event in (layers.inserted, layers.removed, layers.reordered):
            event.disconnect(self._on_layers)
        self._viewer.canvas.grid.events.enabled.disconnect(self._on_layers)
        self._hover.stop()
        self._freshness.stop()

    # ---- what is shown

    def is_shown(self, name: str) -> bool:
        """Whether a map or overlay of the candidate that is looked at can be seen."""
        layer = find(self._viewer, self.candidate, name)
        return layer is not None and bool(layer.visible)

    def show(self, name: str, on: bool = True) -> None:
        """Show a map or overlay on top, drawn if need be, or hide it."""
        layer = find(self._viewer, self.candidate, name)
        self._names = self._names | {name} if on else self._names - {name}
        if layer is not None:
            layer.visible = on
            if on:
                self._to_top(layer)
        elif on and self.result is not None:
            self._prepare({name})

    def side_by_side(self, on: bool) -> None:
        """Give sources and what shows results a panel each, or go back to the state before."""
        if on and self._roles is not None:
            self._session.grid.show(panels(self._viewer, self._roles))
        elif not on:
            self._session.grid.leave()

    def look_at(self, candidate: str) -> None:
        """Show another candidate's maps or overlays instead; in grid mode beside the others."""
        if (
            self.result is None
            or candidate == self.candidate
            or candidate not in self.result.comparison.candidates
        ):
            return
        self.candidate = candidate
        self._hover.follow(self.result, self._roles.ground_truth, candidate)  # type: ignore[union-attr]
        missing = set()
        for name in self._names:
            layer = find(self._viewer, candidate, name)
            if layer is None:
                missing.add(name)
            else:
                layer.visible = True
        if not self._viewer.canvas.grid.enabled:
            for layer in result_layers(self._viewer):
                key = key_of(layer)
                if key is not None and key[0] not in (candidate, ALL):
                    layer.visible = False
        if missing:
            self._prepare(missing)
        uncover(self._viewer, self._roles, self.result, self.candidate)
        self._share()
        self.changed.emit()

    def _share(self) -> None:
        """Tell the other docks what is looked at."""
        self._session.update(
            {"roles": self._roles, "candidate": self.candidate, "result": self.result}
        )

    def rethreshold(self, threshold: float) -> None:
        """Match at another IoU threshold; `rethresholded` tells when that is done."""
        self._rematch.ask(self.result, threshold)

    def _on_rematched(self, result: Result) -> None:
        self.result = result
        self._hover.follow(self.result, self._roles.ground_truth, self.candidate)  # type: ignore[union-attr]
        # scores first: overlays follow in the next turn of the event loop, at the newest result
        self._repaint.start()
        self.rethresholded.emit()
        self._share()

    def repaint(self) -> None:
        """Rewrite overlays where an outcome changed since they were painted."""
        old, new = self._painted, self.result
        if old is new or old is None:
            return
        self._painted = new
        if is_painted_when_read(new):
            self._prepare(self._names)
        else:
            rewrite_layers(self._viewer, old, new, self._waiting)

    # ---- drawing

    def _prepare(self, names: Iterable[str]) -> None:
        result, candidate = self.result, self.candidate
        # what is under way would be cancelled: it is asked for again
        before = self._asked[2] if self._asked[:2] == (result, candidate) else frozenset()
        names = frozenset(names) | before
        self._asked = result, candidate, names

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "layers")
            return result, prepare(result, candidate, names)

        self._job.start(steps, f"Drawing {candidate}")

    def _on_prepared(self, outcome: Any) -> None:
        self._asked = (None, "", frozenset())
        if isinstance(outcome, tuple):
            from napari_verdict.comparison.objects.overlays import rewrite

            result, drawings = outcome
            self.repaint()
            if result is not self.result and drawings and drawings[0].kind == "labels":
                # the threshold was moved meanwhile
                if is_painted_when_read(self.result):
                    self._prepare(self._names)
                    return
                arrays = {d.name: d.data for d in drawings}
                rewrite(result, self.result, drawings[0].candidate, arrays)
            self._draw(drawings)
        else:
            self.failed.emit(outcome)

    def _draw(self, drawings: list[Drawing]) -> None:
        new = {(d.candidate, d.name) for d in drawings}
        kept = [d for d in self._waiting if d.candidate == self.candidate]
        self._waiting = [*(d for d in kept if (d.candidate, d.name) not in new), *drawings]
        self._turn.start()

    def _draw_next(self) -> None:
        if not self._waiting or self._roles is None:
            self._turn.stop()
            self._on_freshness()
            self.drawn.emit()
            return
        drawing = self._waiting.pop(0)
        known = find(self._viewer, drawing.candidate, drawing.name)
        layer = draw(self._viewer, self._roles.ground_truth, drawing)
        self._planes.serve(drawing.data)
        if known is None:
            layer.events.visible.connect(self._on_layers)

    def _to_top(self, layer: Any) -> None:
        index = self._viewer.layers.index(layer)
        if index != len(self._viewer.layers) - 1:
            self._viewer.layers.move(index, -1)
        self._viewer.layers.selection.active = layer

    def _on_freshness(self, *_: Any) -> None:
        if self.result is not None:
            current, joint = self.result.comparison.candidates, joint_keys(self.result)
            keys = [(x, key_of(x) or ("", "")) for x in result_layers(self._viewer)]
            mine = [x for x, key in keys if key[0] in current or key in joint]
            set_out_of_date(mine, bool(self._freshness.stale))
        self.changed.emit()

    def _on_layers(self, event: Any = None) -> None:
        arrange_colour_bars(self._viewer)
        self.changed.emit()
