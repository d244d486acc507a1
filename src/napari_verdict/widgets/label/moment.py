"""Labels, mask and origins as they were at one moment, copied while painting goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.viewer.strokes import Painted
    from napari_verdict.widgets.label.watch import Watch
    from napari_verdict.widgets.label.work import Work

#: Seconds between two looks whether the copy is no longer wanted.
_PATIENCE = 0.05


class Moment:
    """What is labelled now, for a worker to copy: volumes take their time.

    What is painted meanwhile is taken out of the copy again, so that labels, mask and origins are
    of the same moment.

    Parameters
    ----------
    work : Work
        What was painted last is taken in.
    """

    def __init__(self, work: Work) -> None:
        work.look()
        self.origins = work.keeper.origins
        self.labels: NDArray[Any] | None = None
        self.ignore: NDArray[Any] | None = None
        self._copies = [_Copy(watch) for watch in (work.watch, work.mask) if watch is not None]
        self._all_heard = threading.Event()

    def take(self, token: CancelToken, copied: Callable[[Moment], None]) -> None:
        """Copy in a worker; `labels`, and `ignore` where there is a mask, are there then.

        Parameters
        ----------
        token : CancelToken
            Stops it.
        copied : callable
            Has `hear_no_more` called in the thread of the window.

        Raises
        ------
        Cancelled
            If the token was set.
        """
        try:
            pixels = [copy.pixels() for copy in self._copies]
        finally:
            copied(self)
        while not self._all_heard.wait(_PATIENCE):
            token.check()
        for copy, into in zip(self._copies, pixels, strict=True):
            copy.take_back(into)
        self.labels, self.ignore = (*pixels, None)[:2]

    def hear_no_more(self) -> None:
        """All that was painted while pixels were copied is known."""
        for copy in self._copies:
            copy.stop()
        self._all_heard.set()


class _Copy:
    """One layer's labels at the last look, and what was painted since."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._known = watch, watch.strokes.shadow
        self._since: list[Painted] = []
        watch.changed.connect(self._on_changed)

    def pixels(self) -> NDArray[Any]:
        return np.array(self._known)

    def take_back(self, pixels: NDArray[Any]) -> None:
        for painted in reversed(self._since):
            pixels[painted.change.indices(pixels.shape)] = painted.before

    def stop(self) -> None:
        self._watch.changed.disconnect(self._on_changed)

    def _on_changed(self, painted: Painted, _: object) -> None:
        self._since.append(painted)
