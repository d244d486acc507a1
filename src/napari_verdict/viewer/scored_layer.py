"""A labels layer and the result that it has now, whatever is painted on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_verdict.comparison.objects import following
from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.long_work import Here
from napari_verdict.viewer.mended_layer import events_of
from napari_verdict.viewer.touched import touched_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import numpy as np
    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.following import Followed
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.long_work import Steps, Work

    #: Pixels as indices into the flattened labels, ascending, and their labels now.
    Pixels = tuple[NDArray[np.int64], NDArray[Any]]

#: So many pixels are looked through at once; more of them by a worker.
AT_ONCE = 1 << 22
_SCORING = "Scoring what was painted"


class ScoredLayer:
    """Follows a layer of a viewer through strokes, undo, redo and other data.

    What is painted is compared with the shadow that the result refers to, only where it was
    painted. What is much, and predictions that are not in memory, are read by a worker.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Whose layer it is.
    work : Work, optional
        Does what takes long; by default here and now.
    """

    #: The labels, their scores or what is being done are others now.
    changed = Signal()
    #: All pixels (`Pixels`) in which the layer differs from the ground truth, when it is made,
    #: taken up again or given other data.
    begun = Signal(object)
    #: The pixels that changed since.
    painted = Signal(object)
    #: A sentence where something cannot be done.
    failed = Signal(str)

    def __init__(self, viewer: Any, work: Work | None = None) -> None:
        self._viewer = viewer
        self._here = Here()
        self._work = work or self._here
        self._layer: Any = None
        self._original: LabelResult | None = None
        self._result: LabelResult | None = None
        self._stirred = False  # since the work began that is under way
        #: What a worker is doing, in words; "" while nothing is under way.
        self.doing = ""
        #: Whether that may be cancelled without losing anything.
        self.may_cancel = False

    @property
    def layer(self) -> Any | None:
        """The layer; None before anything was mended, and when a person deleted it."""
        known = self._layer is not None and self._layer in self._viewer.layers
        return self._layer if known else None

    @property
    def original(self) -> LabelResult | None:
        """The result of the ground truth as it was."""
        return self._original

    @property
    def result(self) -> LabelResult | None:
        """The result of the mended ground truth; None while there is none that belongs to it."""
        return self._result if self.layer is not None else None

    # ---- work

    def _do(
        self,
        steps: Steps,
        done: Callable[[Any], None],
        what: str,
        *,
        size: int,
        may_cancel: bool = False,
    ) -> None:
        """Do here what is small, and leave the rest to a worker."""
        here = size <= AT_ONCE and self._in_memory

        def over(outcome: Any) -> None:
            self.doing = ""
            done(outcome)
            if here:
                return
            if self._stirred:  # something may have been painted meanwhile
                self._look()
            self.changed.emit()

        def failed(sentence: str) -> None:
            self.doing = ""
            if what == _SCORING:  # the shadow may be ahead of the result
                self._result = None
                self._on_data()
            self.failed.emit(sentence)
            self.changed.emit()

        self.doing, self.may_cancel, self._stirred = what, may_cancel, False
        (self._here if here else self._work).start(steps, over, failed, what)
        if self.doing:
            self.changed.emit()

    @property
    def _in_memory(self) -> bool:
        assert self._original is not None
        comparison = self._original.comparison
        inputs = (comparison.ground_truth, *comparison.predictions)
        return all(one.source.in_memory for one in inputs)

    def _stop_work(self) -> None:
        if self.doing:
            self._work.cancel()
        self.doing = ""

    def _take(self, layer: Any, followed: Followed) -> None:
        """Go on with a layer that was scored."""
        self._watch(layer)
        self._result = self._at_threshold(followed.result)
        self.begun.emit((followed.at, followed.values))
        self.changed.emit()

    def _watch(self, layer: Any) -> None:
        if layer is self._layer:
            return
        if self._layer is not None:
            for event in events_of(self._layer):
                event.disconnect(self._on_layer)
        self._layer = layer
        if layer is not None:
            touched_of(layer)
            for event in events_of(layer):
                event.connect(self._on_layer)

    def _let_go(self) -> None:
        """Score the layer no longer; what strokes touch is still remembered."""
        self._stop_work()
        self._result = None

    def _on_layer(self, event: Any = None) -> None:
        kind = getattr(event, "type", "")
        if kind != "data":
            self._look(settled=kind != "paint")
        elif self.layer is not None:
            self._let_go()
            self._on_data()
            self.changed.emit()

    def _on_data(self) -> None:
        """Score the layer anew: nothing is known of what changed."""

    def _look(self, *, settled: bool = True) -> None:
        """Bring the result up to date with what was painted since the last look."""
        result, layer = self._result, self.layer
        self._stirred = True
        if result is None or layer is None or self.doing:
            return
        parts = touched_of(layer).parts(layer, settled=settled)
        if not parts:
            return
        labels = layer.data

        def steps(token: CancelToken) -> Generator[Progress, None, Followed]:
            yield Progress(0, 1, "scoring")
            return following.rescored(result, labels, parts)

        def scored(followed: Followed) -> None:
            if len(followed.at):
                self._result = self._at_threshold(followed.result)
                self.painted.emit((followed.at, followed.values))
                self.changed.emit()

        axes = result.comparison.ground_truth.axes
        size = following.pixels_of(following.boxes_by_frame(parts, axes).values())
        self._do(steps, scored, _SCORING, size=size)

    def _at_threshold(self, result: LabelResult | None) -> LabelResult | None:
        """Return a result at the threshold that is set now."""
        if result is None or self._original is None:
            return result
        wanted, has = self._original.comparison.settings, result.comparison.settings
        if (wanted.iou_threshold, wanted.iou_inclusive) == (has.iou_threshold, has.iou_inclusive):
            return result
        return result.at(wanted.iou_threshold, wanted.iou_inclusive)
