"""A second opinion: somebody else, or the same one again, labels finished tiles blind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_verdict.annotation.tiles import State
from napari_verdict.viewer.truth import TRUTH, add_labels_like
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.compared import labelled_input
from napari_verdict.widgets.label.keeper import Keeper
from napari_verdict.widgets.label.opening import Opened, keeping

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.result import Progress
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.label.dock import LabelWidget
    from napari_verdict.widgets.label.state import Bench
    from napari_verdict.widgets.label.work import Work


@dataclass(frozen=True, eq=False)
class _First:
    """What the first person left on the desk."""

    bench: Bench
    plan: Plan
    current: int
    work: Work
    comparison: Comparison | None
    #: What the first marked as ambiguous, a layer or None.
    mask: Any
    #: Which of the first's tiles the second labels, by number.
    tiles: tuple[int, ...]


class SecondOpinion(QObject):
    """Changes who is at the desk, and says how far the two agree.

    Parameters
    ----------
    dock : LabelWidget
        Where the first one labels.
    """

    def __init__(self, dock: LabelWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self._first: _First | None = None
        self._name, self._tiles = "", ()  # type: tuple[str, tuple[int, ...]]
        self._opener, self._job = Job(self), Job(self)
        self._opener.done.connect(self._on_opened)
        self._job.done.connect(self._on_compared)
        dock.page.second.clicked.connect(self._on_clicked)
        dock.state.events.plan.connect(self._on_plan)

    @property
    def is_on(self) -> bool:
        """Whether the second one is at the desk."""
        return self._first is not None

    def begin(self, name: str) -> None:
        """Give finished tiles to a second person, as in a layer of their own."""
        from napari_verdict.annotation.agreement import tiles_for_second

        state, work = self._dock.state, self._dock.work
        tiles = tiles_for_second(state.plan)
        if not name.strip():
            state.message = "Say who labels: somebody else, or you again."
        elif not tiles:
            state.message = (
                "The finished tiles were chosen by hand, so agreement on them would stand for "
                "nothing else. Finish tiles that were drawn first."
            )
        elif work is not None:
            self._name, self._tiles = name.strip(), tiles
            mine = replace(state.plan, tiles=tuple(state.plan.tiles[k] for k in tiles))
            for k in range(len(tiles)):
                mine = mine.reopen(k)
            image = labelled_input(state.bench.raw, state.bench.axes)
            self._opener.start(
                lambda token: keeping(mine, image, self._name, None, token), "Making the folder"
            )

    def end(self) -> None:
        """Bring the first person's labels back to the desk."""
        first, dock = self._first, self._dock
        if first is None or dock.work is None:
            return
        dock.hands.cancel()
        dock.work.rest()
        dock.work.stop()
        self._first = None
        dock.desk.put_mask_back(first.mask)
        first.work.wake()
        dock.desk.turn_to(first.bench, first.plan, first.current)
        dock.at_work(first.work)
        dock.page.second.setText("Second annotator…")

    def forget(self) -> None:
        """Labelling ends for both."""
        self._opener.cancel()
        self._job.cancel()
        if self._first is not None:
            self._first.work.stop()
            self._first = None
        self._dock.page.agreement.setText("")
        self._dock.page.second.setText("Second annotator…")

    def _on_clicked(self) -> None:
        state, bar = self._dock.state, self._dock.page.bar
        if self.is_on:
            self.end()
        elif state.plan is None or not any(t.state is State.FINISHED for t in state.plan.tiles):
            state.message = "Finish some tiles first: a second person labels some of them again."
        else:
            bar.ask(
                "Who gives the second opinion? The labels of the first are hidden meanwhile.",
                {"Begin": self._on_named, "Not now": self._dock.desk.arm},
                reason=(f"{state.annotator or 'anyone'} again",),
            )

    def _on_named(self) -> None:
        self.begin(self._dock.page.bar.reason.currentText())

    def _on_opened(self, outcome: Any) -> None:
        dock, state, work = self._dock, self._dock.state, self._dock.work
        if not isinstance(outcome, Opened) or work is None:
            state.message = words_of(outcome)
            return
        dock.hands.cancel()
        work.rest()
        state.correcting = False
        comparison, mask = dock.comparison(), dock.desk.lay_mask_aside()
        self._first = _First(
            state.bench, state.plan, state.current, work, comparison, mask, self._tiles
        )
        data = None if outcome.kept is None else outcome.kept.labels
        truth = add_labels_like(dock._viewer, state.bench.raw, f"{TRUTH} · {self._name}", data)
        keeper = Keeper(dock, outcome.kept, self._name, outcome.said)
        keeper.planned(outcome.plan)
        dock.desk.turn_to(replace(state.bench, truth=truth), outcome.plan, 0)
        dock.take_up(keeper, outcome.shadow)
        dock.page.second.setText("Back to the first")

    def _on_plan(self, plan: Any) -> None:
        first = self._first
        if first is None or plan is None or first.comparison is None:
            return
        both = tuple(
            k for k, t in zip(first.tiles, plan.tiles, strict=False) if t.state is State.FINISHED
        )
        if not both:
            return
        bench = self._dock.state.bench
        axes, comparison = bench.axes, first.comparison
        second = replace(labelled_input(bench.truth, axes), name=self._name)
        who = first.work.keeper.annotator
        truth = replace(comparison.ground_truth, name=who)

        def steps(token: CancelToken) -> Generator[Progress, None, dict[str, Any]]:
            from napari_verdict.annotation.agreement import opinions
            from napari_verdict.comparison.result import Progress

            yield Progress(0, 1, "comparing two people")
            asked = replace(comparison, ground_truth=truth)
            return opinions(first.plan, both, asked, second)

        self._job.start(steps, "Comparing two people")

    def _on_compared(self, outcome: Any) -> None:
        if isinstance(outcome, dict):
            said = "\n".join(o.sentence for o in outcome.values())
            self._dock.page.agreement.setText(said)
        else:
            self._dock.state.message = words_of(outcome)
