"""What takes the time of the main thread, and what keeps the event loop silent."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds of silence that are worth an explanation.
SILENT = 0.03


class Meter:
    """Adds up what our slots take, and what napari's slicing, uploading and drawing take.

    What is called within another is taken off that: a layer that our code refreshes is napari's.
    """

    def __init__(self) -> None:
        from napari._vispy.canvas import VispyCanvas
        from napari.components import ViewerModel
        from napari.layers.base.base import Layer
        from vispy.app.backends._qt import CanvasBackendDesktop

        self.spent = {"ours": 0.0, "napari": 0.0}
        self.drawn = 0
        self._stack: list[tuple[str, float]] = []
        for owner, name in (
            (Layer, "refresh"),
            (Layer, "_slice_dims"),
            (VispyCanvas, "on_draw"),
            (ViewerModel, "add_layer"),
            (CanvasBackendDesktop, "paintGL"),
        ):
            self.watch("napari", owner, name)

    def watch(self, whose: str, owner: Any, name: str) -> None:
        """Count the time that a method takes from now on."""
        original = getattr(owner, name)
        paints = name == "paintGL"

        def timed(this: Any, *args: Any, **kwargs: Any) -> Any:
            self._stack.append((whose, 0.0))
            start = time.perf_counter()
            try:
                return original(this, *args, **kwargs)
            finally:
                taken = time.perf_counter() - start
                _, inner = self._stack.pop()
                self.spent[whose] += taken - inner
                if self._stack:
                    outer, before = self._stack[-1]
                    self._stack[-1] = (outer, before + taken)
                self.drawn += paints

        setattr(owner, name, timed)

    def clear(self) -> None:
        """Begin again."""
        self.spent = dict.fromkeys(self.spent, 0.0)


class Silence:
    """Gaps between the ticks of a timer, and where the main thread was during them."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self.stacks: list[tuple[float, list[str]]] = []

    @property
    def longest(self) -> float:
        """The longest silence in seconds."""
        return max((end - start for start, end in self.gaps), default=0.0)

    def why(self) -> str:
        """Say for the longest silences how long, and which stacks were seen how often in them."""
        lines = []
        for start, end in sorted(self.gaps, key=lambda g: g[0] - g[1])[:5]:
            if end - start < SILENT:
                break
            seen = [tuple(s) for t, s in self.stacks if start <= t <= end]
            lines.append(f"{1e3 * (end - start):.0f} ms silent, {len(seen)} samples")
            for stack, times in Counter(seen).most_common(4):
                lines.append(f"  {times} x " + " < ".join(stack))
        return "\n".join(lines)


@contextmanager
def silence(every: float = 0.003) -> Iterator[Silence]:
    """Listen to the event loop by a timer of 5 ms, and sample the stack of the main thread.

    Where the samples are fewer than the silence is long, another thread held the interpreter
    or the machine was busy with something else.
    """
    heard, over = Silence(), threading.Event()
    main = threading.main_thread().ident
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        heard.gaps.append((last, now))
        last = now

    def sample() -> None:
        while not over.wait(every):
            frame = sys._current_frames().get(main)
            if frame is not None:
                names = [
                    f"{f.filename.rsplit('/site-packages/')[-1].rsplit('/src/')[-1]}:"
                    f"{f.lineno} {f.name}"
                    for f in traceback.extract_stack(frame, limit=None)[::-1]
                ]
                heard.stacks.append((time.perf_counter(), names[:9]))

    sampler = threading.Thread(target=sample, daemon=True)
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(5)
    sampler.start()
    try:
        yield heard
    finally:
        timer.stop()
        over.set()
        sampler.join()
