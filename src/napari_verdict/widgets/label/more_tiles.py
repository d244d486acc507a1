"""More tiles of the same drawing, drawn in a worker: of many thousands that takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from napari_verdict.annotation.sampling import draw_more
from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, words_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.annotation.tiles import Tile
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.label.desk import Desk
    from napari_verdict.widgets.label.work_page import WorkPage

#: How many are drawn at least and at most; in between as many as it takes for the interval.
FEWEST, MOST = 4, 16
#: Milliseconds until it is looked again whether the image on the desk has changed.
_PATIENCE = 50
_DRAWING = "Drawing tiles …"


class MoreTiles(QObject):
    """Adds tiles to the plan, whatever became of the others meanwhile.

    Parameters
    ----------
    page : WorkPage
        Where they are asked for; while it is not ready, nothing is added.
    desk : Desk
        Goes to the first of them where no tile is in hand that is open.
    parent : QObject
        Who asks.
    """

    def __init__(self, page: WorkPage, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._page, self._desk, self._state = page, desk, desk.state
        self._whose: Any = None
        self._current, self._tiles = -1, ()  # type: tuple[int, tuple[Tile, ...]]
        self._job = Job(self)
        self._job.done.connect(self._on_drawn)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PATIENCE)
        self._later.timeout.connect(self._add)
        desk.state.events.bench.connect(self._on_bench)

    def draw(self) -> None:
        """Draw the next tiles, unless they are being drawn already."""
        state = self._state
        if self._job.is_busy or self._later.isActive():
            return
        more = max((e.more or 0 for e in (state.estimates or {}).values()), default=0)
        plan, n = state.plan, min(max(more, FEWEST), MOST)

        def steps(token: CancelToken) -> Generator[Progress, None, tuple[Tile, ...]]:
            yield Progress(0, 1, "drawing tiles")
            return draw_more(plan, n).tiles[len(plan.tiles) :]

        self._whose, self._current = _whose(state.bench), state.current
        state.message = _DRAWING
        self._job.start(steps, "Drawing tiles")

    def _on_drawn(self, outcome: Any) -> None:
        if isinstance(outcome, tuple):
            self._tiles = outcome
            self._add()
        else:
            self._state.message = words_of(outcome)

    def _add(self) -> None:
        """Add what was drawn, once somebody is there who keeps it."""
        if not self._page.isEnabled():  # another image comes to the desk
            self._later.start()
            return
        state = self._state
        state.plan = state.plan.with_more(self._tiles)
        if state.message == _DRAWING:
            state.message = ""
        following = state.plan.next_open(max(state.current, 0))
        if following is None:
            state.message = "All tiles there are have been drawn, and none is open any more."
        elif state.current == self._current and (
            state.tile is None or state.tile.state is not State.OPEN
        ):
            self._desk.go(following)

    def _on_bench(self, bench: Any) -> None:
        """Drop what is drawn for somebody who has left."""
        if _whose(bench) != self._whose:
            self._job.cancel()
            self._later.stop()
            if self._state.message == _DRAWING:
                self._state.message = ""


def _whose(bench: Any) -> Any:
    """Return the layer of a bench, and who paints on it."""
    return None if bench is None else (bench.truth, bench.second)
