"""A second opinion: somebody else, or the same one again, labels finished tiles blind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from napari_verdict.annotation.tiles import State
from napari_verdict.viewer.truth import TRUTH, add_labels_like
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.agreed import agreeing, remembering, seating
from napari_verdict.widgets.label.compared import labelled_input
from napari_verdict.widgets.label.keeper import Keeper
from napari_verdict.widgets.label.opening import Opened

if TYPE_CHECKING:
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Comparison, Input
    from napari_verdict.widgets.label.dock import LabelWidget
    from napari_verdict.widgets.label.state import Bench
    from napari_verdict.widgets.label.work import Work

#: How long nobody paints before two people are compared anew, in ms.
_REST = 400


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
        self._name = ""
        #: What others labelled beside the first: labels and plan, by name.
        self._seconds: dict[str, tuple[Input, Plan]] = {}
        self._opener, self._reader, self._job = Job(self), Job(self), Job(self)
        self._opener.done.connect(self._on_opened)
        self._reader.done.connect(self._on_read)
        self._job.done.connect(self._on_compared)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REST)
        self._later.timeout.connect(self._compare)
        dock.page.second.clicked.connect(self._on_clicked)
        dock.state.events.plan.connect(self._on_plan)

    @property
    def is_on(self) -> bool:
        """Whether the second one is at the desk."""
        return self._first is not None

    def begin(self, name: str) -> None:
        """Give finished tiles to a second person, as in a layer of their own."""
        from napari_verdict.annotation.agreement import plan_for_second

        state, work = self._dock.state, self._dock.work
        mine = plan_for_second(state.plan)
        if not name.strip():
            state.message = "Say who labels: somebody else, or you again."
        elif not mine.tiles:
            state.message = (
                "The finished tiles were chosen by hand, so agreement on them would stand for "
                "nothing else. Finish tiles that were drawn first."
            )
        elif work is not None:
            self._name, first = name.strip(), work.keeper.record
            image = labelled_input(state.bench.raw, state.bench.axes)
            self._opener.start(
                lambda token: seating(mine, image, self._name, first, token), "Making the folder"
            )

    def remember(self) -> None:
        """Say how far those agreed who labelled beside the first before, from the disk."""
        dock = self._dock
        first = None if dock.work is None else dock.work.keeper.record
        if first is None:
            return
        image = labelled_input(dock.state.bench.raw, dock.state.bench.axes)
        self._reader.start(
            lambda token: remembering(image, first, token), "Looking for second opinions"
        )

    def stir(self, _: str = "") -> None:
        """Compare anew when nobody paints any more: one of the two has painted."""
        if self.is_on or self._seconds:
            self._later.start()

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
        first.work.miss_mask()
        dock.page.second.setText("Second annotator…")

    def forget(self) -> None:
        """Labelling ends for both."""
        for job in (self._opener, self._reader, self._job):
            job.cancel()
        self._later.stop()
        self._seconds = {}
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
        self._first = _First(state.bench, state.plan, state.current, work, comparison, mask)
        data = None if outcome.kept is None else outcome.kept.labels
        truth = add_labels_like(dock._viewer, state.bench.truth, f"{TRUTH} · {self._name}", data)
        keeper = Keeper(dock, outcome.kept, self._name, outcome.said)
        keeper.planned(outcome.plan)
        bench = replace(state.bench, truth=truth)
        current = outcome.plan.next_open() or 0
        dock.desk.turn_to(bench, outcome.plan, current, outcome.empty)
        dock.take_up(keeper, outcome.shadow)
        dock.page.second.setText("Back to the first")

    def _on_read(self, outcome: Any) -> None:
        if isinstance(outcome, dict):
            self._seconds = outcome | self._seconds
            self._compare()
        else:
            self._dock.state.message = words_of(outcome)

    def _on_plan(self, plan: Any) -> None:
        if plan is not None:
            self._compare()

    def _compare(self) -> None:
        """Compare the first with all others, as their labels are now."""
        state, work = self._dock.state, self._dock.work
        plan, comparison = state.plan, None
        if self._first is not None:
            second = labelled_input(state.bench.truth, state.bench.axes)
            self._seconds[self._name] = replace(second, name=self._name), plan
            plan, comparison, work = self._first.plan, self._first.comparison, self._first.work
        elif work is not None and self._seconds:
            comparison = self._dock.comparison()
        if comparison is None or plan is None or work is None:
            return
        asked = _named(comparison, work.keeper.annotator)
        seconds = tuple(self._seconds.values())
        self._job.start(lambda token: agreeing(plan, asked, seconds, token), "Comparing two people")

    def _on_compared(self, outcome: Any) -> None:
        if isinstance(outcome, tuple):
            self._dock.page.agreement.setText("\n".join(o.sentence for o in outcome))
        else:
            self._dock.state.message = words_of(outcome)


def _named(comparison: Comparison, who: str) -> Comparison:
    """Return a comparison whose ground truth is called after who made it."""
    return replace(comparison, ground_truth=replace(comparison.ground_truth, name=who))
