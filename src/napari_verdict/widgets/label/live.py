"""Scores of finished tiles, with intervals, after every stroke."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Failed, Job, Refused, words_of
from napari_verdict.widgets.label.score_box import LEAST_IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from napari_verdict.annotation.tiles import Box, Plan
    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.cancel import CancelToken

    Elsewhere = Callable[[str], Comparison]

#: Seconds that counting again may hold up the window; longer ones go to a worker.
PATIENCE = 0.03
#: Milliseconds after the last edit of a prediction.
SETTLING = 300


class LiveScores(QObject):
    """Counts finished tiles, in a worker the first time, and again what is painted on.

    Parameters
    ----------
    parent : QObject
        Who listens.
    """

    #: What finished tiles say: mapping of str to Estimated, empty where there is nothing to say.
    changed = Signal(object)
    #: Why there is no score: a sentence.
    failed = Signal(str)
    #: A prediction was edited, so that all has to be counted again.
    stirred = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        #: What the interval counts: ``tile`` or ``image``.
        self.unit = "tile"
        self._plan: Plan | None = None
        self._image, self._elsewhere = "", None  # type: tuple[str, Elsewhere | None]
        self._under_way: frozenset[int] = frozenset()
        self._comparison: Comparison | None = None
        self._known: Comparison | None = None
        self._counter: Any = None
        self._counts: dict[int, Any] = {}
        self._dirty: set[int] = set()
        self._seconds: dict[int, float] = {}
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._predictions: list[Any] = []
        self._edited = False
        self._looker = Job(self)
        self._looker.done.connect(self._on_looked)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SETTLING)
        self._later.timeout.connect(self._look)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._count)

    def start(
        self,
        comparison: Comparison | None,
        plan: Plan,
        predictions: Iterable[Any] = (),
        image: str = "",
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Score a plan's finished tiles from now on; None scores nothing.

        Tiles of other images than the one on the desk stay counted until settings change.

        Parameters
        ----------
        comparison : Comparison, optional
            Predictions against the labels being painted.
        plan : Plan
            The tiles.
        predictions : iterable of napari layers
            Those of the comparison; `stirred` tells when one was edited.
        image : str
            Which image of the plan the comparison is of.
        elsewhere : callable, optional
            Takes the name of another image of the plan and returns its comparison; called in a
            worker.
        """
        stale = self._dirty | self._under_way
        self.pause()
        self._listen(predictions)
        kept = comparison is not None and elsewhere is not None and _alike(self._known, comparison)
        self._counts = {
            k: c
            for k, c in self._counts.items()
            if kept and k not in stale and plan.tiles[k].image != image
        }
        self._comparison, self._plan, self._known = comparison, plan, comparison
        self._image, self._elsewhere = image, elsewhere
        self._dirty = set()
        if comparison is None:
            self.changed.emit({})
        else:
            self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Score another state of the same tiles."""
        self._plan = plan
        if self._comparison is None:
            return
        if self._counter is not None:
            self._counter.plan = plan
        finished = self._finished()
        self._counts = {k: c for k, c in self._counts.items() if k in finished}
        self._dirty = {k for k in finished if k not in self._counts} | (self._dirty & finished)
        if self._dirty or self._counter is None:
            self._soon.start()
        else:
            self._tell()

    def touched(self, frame: tuple[int, ...], box: Box) -> None:
        """Count again the finished tiles that a part of a frame may change."""
        if self._comparison is None or self._plan is None:
            return
        image = self._image or self._plan.images[0].name
        self._dirty |= set(self._plan.finished_at(image, frame, box, margin=True))
        if self._dirty and self._counter is not None:
            self._count()

    def pause(self) -> None:
        """Count nothing until the next start; counts are kept."""
        self._soon.stop()
        self._later.stop()
        self._listen(())
        self._job.cancel()
        self._looker.cancel()
        self._dirty |= self._under_way
        self._under_way = frozenset()
        self._comparison = self._plan = self._counter = None
        self._seconds = {}

    def stop(self) -> None:
        """Count no more."""
        self.pause()
        self._counts, self._dirty, self._known = {}, set(), None

    def count_by(self, unit: str) -> None:
        """Let the interval count tiles or images from now on."""
        self.unit = unit
        if self._comparison is not None:
            self._tell()

    def _listen(self, predictions: Iterable[Any]) -> None:
        """Notice edits of these layers, undone ones too, and of no others."""
        for layer in self._predictions:
            layer.events.paint.disconnect(self._on_edited)
            layer.events.data.disconnect(self._on_edited)
            layer.events.set_data.disconnect(self._on_drawn)
        self._predictions, self._edited = list(predictions), False
        for layer in self._predictions:
            layer.events.paint.connect(self._on_edited)
            layer.events.data.connect(self._on_edited)
            layer.events.set_data.connect(self._on_drawn)

    def _on_edited(self, event: Any = None) -> None:
        self._edited = True
        self._later.start()

    def _on_drawn(self, event: Any = None) -> None:
        # undone, or a slider was moved
        self._later.start()

    def _look(self) -> None:
        """Have all counted again if a prediction is not as it was read."""
        counter = self._counter
        if self._edited:
            self.stirred.emit()
        elif self._job.is_busy:
            self._later.start()
        elif counter is not None:

            def steps(token: CancelToken) -> Generator[Progress, None, bool]:
                for done, differs in enumerate(counter.differences()):
                    token.check()
                    if differs:
                        return True
                    yield Progress(done, done + 1, "comparing predictions")
                return False

            self._looker.start(steps, "Looking at predictions")

    def _on_looked(self, differs: Any) -> None:
        if differs is True:
            self.stirred.emit()

    def _is_here(self, k: int) -> bool:
        assert self._plan is not None
        return not self._image or self._plan.tiles[k].image == self._image

    def _finished(self) -> set[int]:
        from napari_verdict.annotation.tiles import State

        assert self._plan is not None
        return {k for k, t in enumerate(self._plan.tiles) if t.state is State.FINISHED}

    def _count(self) -> None:
        if self._comparison is None or self._job.is_busy:
            return  # what comes meanwhile is counted when the job is done
        known = self._counter is not None and self._dirty <= set(self._seconds)
        if known and sum(self._seconds[k] for k in self._dirty) <= PATIENCE:
            self._take(*_counted(self._counter, self._dirty))
            return
        comparison, plan, counter = self._comparison, self._plan, self._counter
        dirty, self._dirty = frozenset(self._dirty), set()
        self._under_way = dirty
        here = [k for k in sorted(dirty) if self._is_here(k)]
        away = sorted(dirty - set(here))
        elsewhere = self._elsewhere

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            from napari_verdict.annotation.counting import Counter
            from napari_verdict.annotation.sample import remember_conditions

            yield Progress(0, len(dirty) + 1, "preparing")
            assert plan is not None
            remember_conditions(plan)
            mine = Counter(plan, comparison) if counter is None else counter
            counts: dict[int, Any] = {}
            seconds: dict[int, float] = {}
            if not dirty and plan.tiles:
                mine.count(plan.tiles[0])  # kernels are made ready before the first stroke
            for done, k in enumerate(here):
                token.check()
                yield Progress(done, len(dirty), "counting tiles")
                _counted(mine, [k])  # the first time reads, and may compile
                one, took = _counted(mine, [k])
                counts |= one
                seconds |= took
            for name, ks in groupby(sorted(away, key=lambda k: plan.tiles[k].image),
                                    key=lambda k: plan.tiles[k].image):  # fmt: skip
                token.check()
                yield Progress(len(counts), len(dirty), f"counting tiles of {name}")
                assert elsewhere is not None
                counts |= _counted(Counter(plan, elsewhere(name)), ks)[0]
            return mine, counts, seconds

        self._job.start(steps, "Scoring finished tiles")

    def _on_done(self, outcome: Any) -> None:
        self._under_way = frozenset()
        if isinstance(outcome, (Failed, Refused)):
            self.changed.emit({})  # what was said before holds no longer
            self.failed.emit(words_of(outcome))
        elif self._plan is not None:
            self._counter, counts, seconds = outcome
            self._counter.plan = self._plan
            again = self._dirty
            self._take(counts, seconds)
            self._dirty = (again | (self._finished() - set(self._counts))) & self._finished()
            if self._dirty:
                self._soon.start()

    def _take(self, counts: dict[int, Any], seconds: dict[int, float]) -> None:
        finished = self._finished()  # tiles may have been reopened meanwhile
        self._counts |= {k: c for k, c in counts.items() if k in finished}
        self._seconds |= seconds
        self._dirty = set()
        self._tell()

    def _tell(self) -> None:
        from napari_verdict.annotation.scoring import estimate

        assert self._comparison is not None
        assert self._plan is not None
        settings, task = self._comparison.settings, self._comparison.task
        # what was chosen for many images may still be chosen
        unit = self.unit if len(self._plan.images) >= LEAST_IMAGES else "tile"
        self.changed.emit(estimate(self._plan, self._counts, settings, task=task, unit=unit))


def _alike(one: Comparison | None, other: Comparison) -> bool:
    """Whether tiles that one comparison counted need not be counted again for another."""
    return (
        one is not None
        and (one.task, one.settings) == (other.task, other.settings)
        and list(one.candidates) == list(other.candidates)
    )


def _counted(counter: Any, tiles: Iterable[int]) -> tuple[dict[int, Any], dict[int, float]]:
    """Count tiles; return counts and how many seconds each took."""
    counts, seconds = {}, {}
    for k in tiles:
        start = time.perf_counter()
        counts[k] = counter.count(counter.plan.tiles[k])
        seconds[k] = time.perf_counter() - start
    return counts, seconds
