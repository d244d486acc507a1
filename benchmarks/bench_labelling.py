"""How long the window is busy while tiles are labelled: turns of the event loop, real mouse events.

Run with ``python benchmarks/bench_labelling.py tiles strokes images``, or one of them; on Linux it
opens its own virtual display and draws in software. Printed is the longest turn of the event loop
that followed an action: time of the processor in the thread of the window, which is less moved
by what else the machine does, without what napari takes to paint the canvas (in brackets), and
the longest turn with it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from bench_labels import nuclei
from qtpy.QtCore import QEvent, QPoint
from qtpy.QtWidgets import QApplication
from window_hands import Hands

from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import Plan, TiledImage
from napari_verdict.widgets.display import virtual_display

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 64


class Turns:
    """What each turn of the event loop takes, and what of it napari paints."""

    def __init__(self) -> None:
        from vispy.app.backends._qt import CanvasBackendDesktop

        self.all: list[tuple[float, float]] = []
        self._painted = 0.0
        original = CanvasBackendDesktop.paintGL

        def timed(canvas: Any) -> None:
            start = time.thread_time()
            original(canvas)
            self._painted += time.thread_time() - start

        CanvasBackendDesktop.paintGL = timed

    def take(self, turn: Callable[[], Any]) -> None:
        """Count one turn."""
        painted, start = self._painted, time.thread_time()
        turn()
        self.all.append((time.thread_time() - start, self._painted - painted))

    @property
    def ours(self) -> float:
        """The longest, without painting."""
        return max(whole - painted for whole, painted in self.all)

    @property
    def whole(self) -> float:
        """The longest."""
        return max(whole for whole, _ in self.all)

    @property
    def painting(self) -> float:
        """The longest that the canvas was painted for."""
        return max(painted for _, painted in self.all)


class Window(Hands):
    """A napari window with the dock for labelling."""

    def __init__(self) -> None:
        import napari

        from napari_verdict.widgets.label.dock import LabelWidget

        self.viewer = napari.Viewer()
        self.app = QApplication.instance()
        self.viewer.window._qt_window.resize(1500, 950)
        self.dock = LabelWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="Label ground truth", area="right")
        self.turns = Turns()
        self.settle(0.5)

    @property
    def state(self) -> Any:
        return self.dock.state

    def wait(self, holds: Callable[[], Any], seconds: float = 600) -> None:
        """Turn the event loop until something holds, and a little longer; each turn counts."""
        end = time.perf_counter() + seconds
        while not holds():
            if time.perf_counter() > end:
                raise TimeoutError
            self.turns.take(self.app.processEvents)
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            self.turns.take(self.app.processEvents)
            time.sleep(0.001)

    def measure(self, what: str, act: Callable[[], Any], holds: Callable[[], Any], n: int) -> None:
        """Do something n times, and print what the longest turns took."""
        ours, whole, painting = [], [], []
        for _ in range(n):
            self.turns.all = []
            self.turns.take(act)
            self.wait(holds)
            ours.append(self.turns.ours)
            whole.append(self.turns.whole)
            painting.append(self.turns.painting)
        print(f"| {what} | {_ms(ours)} | {_ms(painting)} | {_ms(whole)} | {n} |", flush=True)

    def begin(self, raw: Any, axes: str, plan: Plan, predictions: tuple[Any, ...]) -> None:
        """Begin to label as the dock does once a worker has drawn the tiles."""
        from napari_verdict.engine.cancel import CancelToken
        from napari_verdict.widgets.label import compared
        from napari_verdict.widgets.label.opening import keeping

        asked = SimpleNamespace(
            raw=raw, axes=axes, predictions=predictions, truth=None, confidence=None,
            annotator="ann", images=None,
        )  # fmt: skip
        image = compared.labelled_input(raw, axes)
        opened = _returned(keeping(plan, image, "ann", None, CancelToken()))
        self.dock.desk.remember_view()
        self.measure("labelling begins", lambda: self.dock.begin(asked, opened), self.is_scored, 1)

    def is_scored(self) -> bool:
        live = self.dock.live
        return not (live._job.is_busy or live._soon.isActive() or live._dirty)

    def stroke(self, k: int = 0) -> None:
        """Drag the brush a few pixels within the tile in hand."""
        box = self.state.tile.box
        y, x = (box[2] + box[3]) / 2, (box[4] + box[5]) / 2
        places = [self.on_canvas((y + k % 5, x - 8 + 4 * i)) for i in range(5)]
        canvas = self.viewer.window._qt_viewer.canvas.native
        self.mouse(canvas, QEvent.Type.MouseButtonPress, places[0])
        for place in places[1:]:
            self.mouse(canvas, QEvent.Type.MouseMove, place)
        self.mouse(canvas, QEvent.Type.MouseButtonRelease, places[-1], down=False)

    def on_canvas(self, place: tuple[float, float]) -> QPoint:
        camera = self.viewer.scene.camera
        canvas = self.viewer.window._qt_viewer.canvas.native
        offset = (np.array(place) - np.asarray(camera.center)[-2:]) * camera.zoom
        centre = canvas.rect().center()
        return QPoint(round(centre.x() + offset[1]), round(centre.y() + offset[0]))


def tiles(window: Window) -> None:
    """Many tiles: 204,800 with chances of their own, of which 1,000 are drawn and 600 finished."""
    viewer, dock, state = window.viewer, window.dock, window.state
    raw = viewer.add_image(
        np.zeros((200, 2048, 2048), np.uint8), name="raw", contrast_limits=(0, 1)
    )
    model = viewer.add_labels(np.zeros(raw.data.shape, np.uint8), name="model")
    grid = Grid((TiledImage("raw", "zyx", raw.data.shape),), SIDE)
    chances = np.random.default_rng(0).random(len(grid))
    plan = draw_tiles(
        grid, 1000, margin=(0, 20, 20), seed=1, priorities=chances, priority="density"
    )
    for k in range(600):
        plan = plan.finish(k)
    window.begin(raw, "zyx", plan, (model,))
    window.measure("stroke in an open tile", window.stroke, window.is_scored, 10)
    window.measure("tile finished", lambda: dock.desk.finish(), window.is_scored, 1)

    def finish() -> None:
        dock.desk.finish(empty=True, whole=True)

    window.measure("tile finished, empty", finish, window.is_scored, 10)
    window.measure("tile skipped", lambda: dock.desk.skip("debris"), window.is_scored, 10)
    window.measure("next tile", lambda: dock.desk.step(1), window.is_scored, 10)
    dock.desk.go(3)
    window.settle(1)
    window.measure("stroke in a finished tile", window.stroke, window.is_scored, 10)
    n = [len(state.plan.tiles)]

    def more() -> None:
        n[0] = len(state.plan.tiles)
        dock.page.more.click()

    window.measure("More tiles", more, lambda: len(state.plan.tiles) > n[0], 5)
    window.measure("Tile by hand", dock.page.by_hand.click, window.is_scored, 1)


def images(window: Window) -> None:
    """A folder: another image comes to the desk, with two predictions; first 2048 x 2048."""
    folder = Path(tempfile.mkdtemp())
    for shape, size, depth in (((2048, 2048), 256, 1), ((40, 512, 512), 128, 1)):
        _write_folder(folder / "x".join(map(str, shape)), shape)
        _go_through(window, folder / "x".join(map(str, shape)), size, depth)
    shutil.rmtree(folder)


def _write_folder(folder: Path, shape: tuple[int, ...]) -> None:
    import tifffile

    rng = np.random.default_rng(0)
    truth, prediction = nuclei(rng, shape[-1], shape[-1] // 32)
    for name in "ab":
        pixels = (truth > 0) * np.uint16(800) + rng.integers(0, 200, truth.shape, np.uint16)
        for of, data in (("images", pixels), ("one", truth), ("two", prediction)):
            path = folder / of / f"{name}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = np.broadcast_to(data.astype(np.uint16), shape)
            axes = {"axes": "ZYX"[-len(shape) :]}
            tifffile.imwrite(path, np.ascontiguousarray(whole), metadata=axes, imagej=True)


def _go_through(window: Window, folder: Path, size: int, depth: int) -> None:
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.image_search import find_images
    from napari_verdict.widgets.label.asked import Asked

    dock, state = window.dock, window.state
    predictions = [folder / name for name in ("one", "two")]
    found = _returned(find_images(folder / "images", predictions, "none", CancelToken()))
    asked = Asked(
        images=found, truth=None, draw="random", size=size, depth=depth, number=24, seed=3,
        annotator="ann", by=(), predictions=(), raw=None, axes="", confidence=None,
    )  # fmt: skip
    dock.start(asked)
    window.wait(lambda: state.bench is not None and window.is_scored())
    for _ in range(3):
        window.stroke()
        dock.desk.finish(empty=True, whole=True)
        window.wait(lambda: state.bench is not None and _is_settled(window))

    def go() -> None:
        here, tiles = state.bench.image, state.plan.tiles
        dock.desk.go(next(k for k, t in enumerate(tiles) if t.image != here))

    what = "another image of " + " x ".join(map(str, found.pictures[0].shape))
    window.measure(what, go, lambda: _is_settled(window), 10)
    dock.leave()
    window.settle(1)


def _is_settled(window: Window) -> bool:
    dock, state = window.dock, window.state
    here = dock.work is not None and state.tile.image == state.bench.image
    return here and dock.shelf._steps is None and not dock.shelf._job.is_busy and window.is_scored()


def _returned(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _ms(seconds: list[float]) -> str:
    median, longest = 1e3 * statistics.median(seconds), 1e3 * max(seconds)
    return f"{median:.1f} ms ({longest:.1f})" if len(seconds) > 1 else f"{longest:.1f} ms"


SCENES = {"tiles": tiles, "images": images}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "scenes",
        nargs="*",
        default=list(SCENES),
    )
    asked = parser.parse_args()
    with virtual_display():
        for scene in asked.scenes or SCENES:
            print(f"\n**{scene}**: {SCENES[scene].__doc__}\n")
            print("| what | longest turn | of it painting | with it | n |\n|---|---|---|---|---|")
            with tempfile.TemporaryDirectory() as home:
                os.environ["HOME"] = home
                window = Window()
                SCENES[scene](window)
                window.dock.leave()
                window.viewer.close()
    sys.stdout.flush()


if __name__ == "__main__":
    main()
