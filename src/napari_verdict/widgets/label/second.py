"""A second opinion: somebody else, or the same one again, labels finished tiles blind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_verdict.annotation.tiles import State
from napari_verdict.viewer.truth import TRUTH, add_labels_like, kept_layers, named_for, pixels_kept
from napari_verdict.widgets.job import Job, words_of
from napari_verdict.widgets.label.agreed import remembering, seating, second_of
from napari_verdict.widgets.label.compared import image_of, labelled_input
from napari_verdict.widgets.label.keeper import Keeper
from napari_verdict.widgets.label.live_agreement import LiveAgreement, Sides
from napari_verdict.widgets.label.opening import Opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.widgets.label.agreed import Second
    from napari_verdict.widgets.label.dock import LabelWidget
    from napari_verdict.widgets.label.state import Bench
    from napari_verdict.widgets.label.work import Work

#: What is off while a second person labels, and why.
_OFF = {
    "accept": "A second opinion is given blind, so there is no predicted object to accept",
    "correcting": "A second opinion is given blind, so predictions stay hidden",
    "more tiles": "The second labels tiles that the first has finished. To draw more of them, go "
    "back to the first",
    "tile by hand": "The second labels tiles that the first has finished, so none is added by hand",
}


@dataclass(frozen=True, eq=False)
class _First:
    """What the first person left on the desk."""

    bench: Bench
    plan: Plan
    current: int
    work: Work
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
        #: What others labelled beside the first, by name.
        self._seconds: dict[str, Second] = {}
        self._opener, self._reader = Job(self), Job(self)
        self._opener.done.connect(self._on_opened)
        self._reader.done.connect(self._on_read)
        self._agreement = LiveAgreement(self, self._sides)
        self._agreement.said.connect(dock.page.agreement.setText)
        self._agreement.failed.connect(self._on_failed)
        dock.page.second.clicked.connect(self._on_clicked)
        dock.state.events.plan.connect(self._on_plan)

    @property
    def is_on(self) -> bool:
        """Whether the second one is at the desk."""
        return self._first is not None

    @property
    def off(self) -> Mapping[str, str]:
        """What is off now, and why."""
        return _OFF if self.is_on else {}

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
            if self._name == work.keeper.annotator:
                self._name += " again"
            image = image_of(state.bench)
            there = pixels_kept(self._dock._viewer.layers)
            self._opener.start(
                lambda token: seating(mine, image, self._name, first, token, there),
                "Making the folder",
            )

    def remember(self) -> None:
        """Say how far those agreed who labelled beside the first before, from the disk."""
        dock = self._dock
        first = None if dock.work is None else dock.work.keeper.record
        if first is None:
            return
        image = image_of(dock.state.bench)
        self._reader.start(
            lambda token: remembering(image, first, token), "Looking for second opinions"
        )

    def stir(self, _: str = "") -> None:
        """Compare anew when nobody paints any more: one of the two has painted."""
        if self.is_on or self._seconds:
            self._agreement.stir()

    def end(self) -> None:
        """Bring the first person's labels back to the desk."""
        first, dock = self._first, self._dock
        if first is None or dock.work is None:
            return
        dock.hands.cancel()
        dock.work.rest()
        dock.work.stop()
        self._take_in()
        for layer in (dock.state.bench.truth, dock.desk.ambiguous):
            if layer is not None:
                layer.visible = False
        self._first = dock.work = dock.hands.work = None
        dock.desk.put_mask_back(first.mask)
        first.work.wake()
        layers = dock._viewer.layers
        left = tuple(p for p in first.bench.predictions if p in layers)
        dock.desk.turn_to(replace(first.bench, predictions=left), first.plan, first.current)
        if first.bench.truth not in layers:
            dock.work = first.work
            dock.leave()
            return
        dock.at_work(first.work)
        first.work.miss_mask()
        self._agreement.compare()

    def forget(self) -> None:
        """Labelling ends for both."""
        self._opener.cancel()
        self._reader.cancel()
        self._agreement.stop()
        self._seconds = {}
        if self._first is not None:
            self._first.work.stop()
            self._first = None
        self._dock.page.agreement.setText("")

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
        mask = dock.desk.lay_mask_aside()
        self._first = _First(state.bench, state.plan, state.current, work, mask)
        dock.work = dock.hands.work = None  # what is laid aside is not gone
        kept, viewer = outcome.kept, dock._viewer
        keeper = Keeper(dock, kept, self._name, outcome.said)
        there = kept_layers(viewer.layers).get(keeper.folder, (None, None))
        known, known_mask = there if outcome.same else (None, None)
        name, labels = named_for(TRUTH, self._name), None if kept is None else kept.labels
        truth = known or add_labels_like(viewer, state.bench.raw, name, labels)
        keeper.planned(outcome.plan)
        bench = replace(state.bench, truth=truth, second=self._name)
        dock.desk.put_mask_back(known_mask)
        current = outcome.plan.next_open() or 0
        dock.desk.turn_to(bench, outcome.plan, current, outcome.empty)
        if kept is not None and kept.ignore is not None:
            dock.desk.need_ambiguous(kept.ignore).visible = True
        dock.take_up(keeper, outcome.shadow, look=known is not None)
        self.stir()

    def _on_read(self, outcome: Any) -> None:
        if isinstance(outcome, tuple):
            self._seconds = {s.name: s for s in outcome} | self._seconds
            self._agreement.compare()
        else:
            self._on_failed(words_of(outcome))

    def _on_plan(self, plan: Any) -> None:
        if plan is not None:
            self._agreement.compare()

    def _on_failed(self, why: str) -> None:
        self._dock.state.message = why

    def _take_in(self) -> None:
        """Know what the second has labelled by now."""
        state, mask = self._dock.state, self._dock.desk.ambiguous
        labels = labelled_input(state.bench.truth, state.bench.axes)
        ignore = None if mask is None else mask.data
        self._seconds[self._name] = second_of(self._name, state.plan, labels, ignore)

    def _sides(self) -> Sides | None:
        """Return the first and all others, as their labels are now."""
        dock, state, work = self._dock, self._dock.state, self._dock.work
        if work is None or not (self.is_on or self._seconds):
            return None
        plan, first = state.plan, work
        if self._first is None:
            comparison = dock.comparison()
        else:
            self._take_in()
            plan, first = self._first.plan, self._first.work
            comparison = dock.comparison_of(self._first.bench, self._first.mask)
        if comparison is None:
            return None
        truth = replace(comparison.ground_truth, name=first.keeper.annotator)
        named, others = replace(comparison, ground_truth=truth), tuple(self._seconds.values())
        return Sides(
            plan, lambda _: named, others, state.bench.image, dock.live.unit, named.settings
        )
