"""A copy of the ground truth that may be mended, and its scores after every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.objects import following
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.words import sized
from napari_verdict.engine.memory import physical_memory
from napari_verdict.viewer.mended_layer import NAME, add_copy, copies_of
from napari_verdict.viewer.scored_layer import ScoredLayer
from napari_verdict.viewer.touched import touched_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.following import Followed
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.comparison.objects.mending import Mend
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.long_work import Steps, Work
    from napari_verdict.viewer.scored_layer import Pixels

__all__ = ["NAME", "Mended"]


class Mended(ScoredLayer):
    """The layer *ground truth (mended)* of a viewer, and the result that it would have.

    Parameters
    ----------
    viewer : napari viewer or ViewerModel
        Where the layer is added when the first thing is mended.
    work : Work, optional
        Does what takes long; by default here and now.
    """

    def __init__(self, viewer: Any, work: Work | None = None) -> None:
        super().__init__(viewer, work)
        self._reference: Any = None

    # ---- what there is

    @property
    def now(self) -> LabelResult | None:
        """The result of what would be mended next: the mended one, or else the original."""
        return self.result or self._original

    @property
    def to_copy(self) -> int:
        """How many bytes have to be read into memory before anything is mended; mostly 0."""
        if self._original is None or self.result is not None:
            return 0
        truth = self._original.comparison.ground_truth
        size = following.pixels_in(truth) * np.dtype(truth.data.dtype).itemsize
        return 0 if isinstance(truth.data, np.ndarray) else size

    def why_not(self) -> str:
        """Say why nothing can be mended; "" where it can."""
        if self._original is None:
            return "There are no objects to mend."
        dtype = np.dtype(self._original.comparison.ground_truth.data.dtype)
        if dtype.kind not in "iu":
            return (
                f"The ground truth is stored as {dtype}, which holds no labels that can be "
                "painted. Convert the layer to uint16 and validate again."
            )
        needed, there = 2 * self.to_copy, physical_memory()
        if needed > there // 2:
            return (
                f"The ground truth is not in memory. Mending needs {sized(needed)} for two copies "
                f"of it, and this computer has {sized(there)} in all. Crop the layers to the part "
                "that is to be mended, and validate that."
            )
        return ""

    # ---- following the result

    def follow(self, result: Any, reference: Any) -> None:
        """Mend the ground truth of this result from now on.

        Parameters
        ----------
        result : Result
            At another threshold the scores follow; of other pixels, the layer is kept, and
            goes on only where they are those it was made from.
        reference : napari layer
            The ground truth.
        """
        of_objects = result is not None and result.comparison.task == "instances"
        before, self._original = self._original, result if of_objects else None
        self._reference = reference
        if before is not None and self._original is not None and _same(before, self._original):
            self._result = self._at_threshold(self._result)
        else:
            self._let_go()
            self._adopt()
        self.changed.emit()

    def begin(self, then: Callable[[], None] = lambda: None, given: Iterable[Pixels] = ()) -> None:
        """Make the layer as a copy of the ground truth where there is none, then go on.

        Parameters
        ----------
        then : callable
            Called when there is the layer.
        given : iterable of (at, values)
            What was mended before, in order.
        """
        if self.result is not None:
            then()
            return
        original = self._original
        if original is None or self.doing or self.why_not():
            return
        truth, given = original.comparison.ground_truth, list(given)

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            labels = yield from following.copied(truth, token)
            for at, values in given:
                labels.reshape(-1)[at] = values
            return labels, (yield from following.scored(original, NAME, labels, token))

        def made(outcome: tuple[NDArray[Any], Followed]) -> None:
            labels, followed = outcome
            self._take(add_copy(self._viewer, original, self._reference, labels), followed)
            then()

        size = following.pixels_in(truth)
        self._do(steps, made, "Copying the ground truth", size=size, may_cancel=True)

    def mend(self, how: Callable[[LabelResult], Mend], size: int = 0) -> None:
        """Change the layer, as one step that napari undoes.

        Parameters
        ----------
        how : callable
            Says what changes, from the result as it is then.
        size : int
            How many pixels it looks through.
        """
        self.begin(lambda: self._mend(how, size))

    def edit(self, label: int) -> None:
        """Arm napari's brush with a label on the layer."""
        self.begin(lambda: self._arm(label))

    def undo(self) -> bool:
        """Take the last change of the layer back, as napari's Ctrl+Z; False without a copy."""
        return self._step("undo")

    def redo(self) -> bool:
        """Do it again."""
        return self._step("redo")

    def cancel(self) -> None:
        """Stop what may be cancelled."""
        if self.doing and self.may_cancel:
            self._stop_work()
            self.changed.emit()

    def snapshot(self) -> Steps | None:
        """Return steps for a worker that copy the labels and score them; None without a copy.

        They return `Followed`, whose labels nobody paints on.
        """
        original, layer = self._original, self.layer
        if original is None or layer is None or self._result is None:
            return None
        labels = layer.data
        return lambda token: following.scored(original, NAME, labels, token)

    def stop(self) -> None:
        """Listen to nothing any more; the layer stays."""
        self._let_go()
        self._watch(None)
        self._original = self._reference = None

    def _mend(self, how: Callable[[LabelResult], Mend], size: int) -> None:
        result = self.result
        if result is None or self.doing:
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Mend]:
            yield Progress(0, 1, "mending")
            return how(result)

        def write(mend: Mend) -> None:
            layer = self.layer
            if layer is not None:
                layer.data_setitem(mend.indices, mend.values)
                layer.visible = True

        self._do(steps, write, "Mending", size=size)

    def _arm(self, label: int) -> None:
        layer = self.layer
        if layer is not None:
            layer.visible = True
            self._viewer.layers.selection.active = layer
            layer.selected_label = label
            layer.mode = "paint"

    def _step(self, which: str) -> bool:
        layer = self.layer
        if layer is None or self._result is None:
            return False
        getattr(layer, which)()
        self._look()  # napari tells nothing of a layer that is hidden
        return True

    # ---- following the layer

    def _adopt(self) -> None:
        """Go on with a layer that was made from the same pixels, whatever was painted since."""
        original = self._original
        if original is None:
            return
        truth = original.comparison.ground_truth
        copies = copies_of(self._viewer, truth, self._reference)
        if not copies:
            return
        for layer, _ in copies:
            touched_of(layer).parts(layer)  # what comes from now on is looked at in the end
        arrays = [layer.data for layer, _ in copies]

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "looking for the mended copy")
            for k, (_, made_from) in enumerate(copies):
                if made_from is None or following.are_equal(made_from, truth.data, token):
                    return k, (yield from following.scored(original, NAME, arrays[k], token))
            return -1, None

        def found(outcome: tuple[int, Any]) -> None:
            k, followed = outcome
            if k >= 0 and copies[k][0].data is arrays[k]:
                self._take(copies[k][0], followed)
            elif k >= 0:
                self._adopt()

        size = following.pixels_in(truth)
        self._do(steps, found, "Looking for the mended copy", size=size)

    def _on_data(self) -> None:
        self._adopt()


def _same(a: LabelResult, b: LabelResult) -> bool:
    """Whether two results differ in their threshold alone."""
    return a.overlap is b.overlap or (
        a.overlap.keys() == b.overlap.keys()
        and all(
            x is y
            for name in a.overlap
            for x, y in zip(a.overlap[name], b.overlap[name], strict=True)
        )
    )
