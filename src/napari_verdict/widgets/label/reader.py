"""Reads layers where a tile is: at once from memory, in a worker from anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.annotation.edits import EditError
from napari_verdict.comparison.derived import read_part
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.descriptions import describe
from napari_verdict.viewer.layers import pixels_of
from napari_verdict.widgets.job import Job, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds
    from napari_verdict.annotation.starting_point import Foreground
    from napari_verdict.engine.cancel import CancelToken


class Reader(QObject):
    """Hands over what layers hold; one question at a time, the newest counts.

    Parameters
    ----------
    parent : QObject
        Who asks.
    """

    #: Why there is no answer: a sentence.
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job = Job(self)
        self._job.done.connect(self._on_done)
        self._then: Callable[[Any], None] | None = None
        self._bounds: Bounds = ()
        #: By the id of an array, which is held so that no other one has it: what was read of it.
        self._parts: dict[int, tuple[Any, NDArray[Any]]] = {}
        self._foregrounds: dict[int, tuple[Any, Foreground]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a worker reads."""
        return self._job.is_busy

    def parts(
        self, layers: Sequence[Any], bounds: Bounds, then: Callable[[list[NDArray[Any]]], None]
    ) -> None:
        """Hand over ``pixels[bounds]`` of each layer; it is remembered for this part of the image.

        Parameters
        ----------
        layers : sequence of napari layers
            Of multiscale layers the full resolution is read.
        bounds : tuple of slice
            With start and stop; RGB layers are read with their channels.
        then : callable
            Called with the arrays; they are not to be written to.
        """
        if bounds != self._bounds:
            self._bounds, self._parts = bounds, {}
        known = self._parts

        def find() -> list[NDArray[Any]]:
            for layer in layers:
                array = pixels_of(layer)
                if id(array) not in known:
                    whole = (*bounds, slice(0, 3)) if _is_rgb(layer) else bounds
                    start = tuple(int(b.start) for b in whole)
                    shape = tuple(int(b.stop - b.start) for b in whole)
                    known[id(array)] = array, read_part(array, start, shape)
            return [known[id(pixels_of(x))][1] for x in layers]

        new = [x for x in layers if id(pixels_of(x)) not in known]
        self._ask(new, find, then, at_once=all(_is_in_memory(x) for x in new))

    def foreground(self, layer: Any, then: Callable[[Foreground], None]) -> None:
        """Hand over what parts objects from background in a whole image; it is remembered."""
        from napari_verdict.annotation.starting_point import foreground_of

        array, known = pixels_of(layer), self._foregrounds

        def find() -> Foreground:
            if id(array) not in known:
                known[id(array)] = array, foreground_of(array, rgb=_is_rgb(layer))
            return known[id(array)][1]

        self._ask([layer], find, then, at_once=id(array) in known)

    def stop(self) -> None:
        """Let nobody hear what is being read."""
        self._then = None
        self._job.cancel()

    def forget(self) -> None:
        """Let go of all that was read, and of the images it was read from."""
        self.stop()
        self._bounds, self._parts, self._foregrounds = (), {}, {}

    def _ask(
        self,
        layers: list[Any],
        find: Callable[[], Any],
        then: Callable[[Any], None],
        *,
        at_once: bool,
    ) -> None:
        self.stop()
        self._then = then
        names = " and ".join(f"“{layer.name}”" for layer in layers)
        if at_once:
            self._on_done(_found(find, names))
            return

        def steps(token: CancelToken) -> Generator[Progress, None, Any]:
            yield Progress(0, 1, "reading the tile")
            return _found(find, names)

        self._job.start(steps, "Reading the tile")

    def _on_done(self, outcome: Any) -> None:
        then, self._then = self._then, None
        if isinstance(outcome, EditError):
            self.failed.emit(str(outcome))
        elif words := words_of(outcome):
            self.failed.emit(words)
        elif then is not None:
            then(outcome)


def _is_rgb(layer: Any) -> bool:
    return bool(getattr(layer, "rgb", False))


def _is_in_memory(layer: Any) -> bool:
    return isinstance(describe(pixels_of(layer)), np.ndarray)


def _found(find: Callable[[], Any], names: str) -> Any:
    try:
        return find()
    except EditError as error:
        return error
    except Exception as error:
        # stores raise whatever they like; to the person it is one thing
        why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        return EditError(f"{names} cannot be read ({why}). See to its file, and try again.")
