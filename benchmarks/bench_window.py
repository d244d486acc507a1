"""How fast the window answers: 4096 x 4096, 10,000 objects, two predictions, real mouse events.

Run with ``python benchmarks/bench_window.py``; on Linux it opens its own virtual display and
draws in software. It prints a table for docs/performance.md: what our own work takes, and beside
it what napari takes to slice, upload and draw. ``--side 2048 --per-side 50`` is quicker.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from bench_labels import nuclei
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QStyle, QStyleOptionSlider
from window_hands import Hands
from window_meter import Meter, silence

from napari_verdict.widgets.display import virtual_display

if TYPE_CHECKING:
    from collections.abc import Callable


class Bench(Hands):
    """A viewer with two predictions of many objects, the Validate dock, and hands."""

    def __init__(self, side: int, per_side: int, explain: bool, depth: int = 0) -> None:
        import napari

        self.explain = explain

        self.rows: list[tuple[str, str, str, str, str]] = []
        self.meter = Meter()
        rng = np.random.default_rng(0)
        truth, prediction = nuclei(rng, side, per_side)
        if depth:
            truth, prediction = (np.repeat(a[np.newaxis], depth, 0) for a in (truth, prediction))
        self.viewer = napari.Viewer()
        self.app = QApplication.instance()
        self.viewer.window._qt_window.resize(1600, 1000)
        shifted = np.roll(prediction, 2, -2)
        for name, data in (
            ("ground truth", truth),
            ("stardist", prediction),
            ("cellpose", shifted),
        ):
            self.viewer.add_labels(data, name=name, axis_labels="zyx"[-truth.ndim :])
        self.settle(1)

    def _watch_ours(self) -> None:
        from napari_verdict.widgets.plots.canvas import PlotCanvas
        from napari_verdict.widgets.plots.panel import PlotsPanel
        from napari_verdict.widgets.presenter import Presenter
        from napari_verdict.widgets.results_page import ResultsPage

        for owner, name in (
            (ResultsPage, "_on_threshold"),
            (Presenter, "_on_rematched"),
            (Presenter, "repaint"),
            (PlotsPanel, "update_plot"),
            (PlotCanvas, "draw"),
            (PlotCanvas, "draw_over"),
            (PlotCanvas, "paintEvent"),
        ):
            self.meter.watch("ours", owner, name)

    # ---- what is measured

    def dock(self) -> None:
        """From asking for the dock until it stands there."""
        start = time.perf_counter()
        from napari_verdict.widgets.validate import ValidateWidget

        imported = time.perf_counter() - start
        self._watch_ours()
        start = time.perf_counter()
        self.validate = ValidateWidget(self.viewer)
        ours = imported + time.perf_counter() - start
        self.viewer.window.add_dock_widget(self.validate, name="Validate", area="right")
        self.until(self.validate.isVisible)
        self.app.processEvents()
        self.add(
            "dock opened, first time",
            300,
            [ours],
            [time.perf_counter() - start - (ours - imported)],
        )
        self.settle(1)

    def job(self, what: str) -> None:
        """The longest silence of the event loop while it is computed."""
        job = self.validate.job
        with silence() as heard:
            self.validate.validate.click()
            self.until(lambda: not job.is_busy)
        drawn: list[int] = []
        self.validate.presenter.drawn.connect(lambda: drawn.append(1))
        self.until(lambda: drawn)
        self.settle(1)
        self.add(f"longest silence while it computes, {what}", 50, [heard.longest], [])
        if self.explain:
            print(what, heard.why(), sep="\n")

    def slider(self) -> None:
        """The slider of the IoU threshold is dragged."""
        slider = self.validate.results.threshold.slider
        option = QStyleOptionSlider()
        slider.initStyleOption(option)
        style = QStyle.SubControl.SC_SliderHandle
        handle = slider.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, style, slider
        )
        start = handle.center()
        step = (slider.width() - handle.width()) / 95
        places = [start + QPoint(round(k * step), 0) for k in range(31)]
        self.threshold("slider dragged", slider, places)

    def curve(self) -> None:
        """The line in the curve is dragged."""
        bar = self.validate.results.threshold
        bar.slider.setValue(50)
        bar.curve_button.click()
        self.until(lambda: bar.curve is not None and not bar._job.is_busy and bar.curve._panels)
        self.settle(1)
        panel = bar.curve._panels[0]
        ratio = bar.curve.devicePixelRatioF()

        def at(threshold: float) -> QPoint:
            return QPoint(round(panel.transData.transform((threshold, 0))[0] / ratio), 100)

        self.threshold("line of the curve dragged", bar.curve, [at(k / 100) for k in range(50, 81)])

    def threshold(self, what: str, widget: Any, places: list[QPoint]) -> None:
        """Time from a move of the mouse to table, overlay and painted window."""
        presenter, slider = self.validate.presenter, self.validate.results.threshold.slider
        ours, table, painted, napari = [], [], [], []

        def each(move: Callable[[], None]) -> None:
            before = presenter.result
            self.meter.clear()
            start = time.perf_counter()
            move()
            if slider.value() / 100 == before.comparison.settings.iou_threshold:
                return
            seen = self.until(lambda: presenter.result is not before)
            table.append(seen - start)
            self.until(lambda: presenter._painted is presenter.result)
            drawn = self.meter.drawn
            with suppress(TimeoutError):  # no object became another
                painted.append(self.until(lambda: self.meter.drawn > drawn, 3) - start)
            ours.append(self.meter.spent["ours"])
            napari.append(self.meter.spent["napari"])
            self.settle(0.05)

        self.drag(widget, places, each)
        self.add(f"{what}: our work", 50, ours, napari)
        self.add(f"{what}: to scores in the table", 100, table, [])
        self.add(f"{what}: to overlays painted", None, painted, [])

    def plots(self) -> None:
        """A plot is chosen, or the threshold has come to rest: entries listed, plot drawn."""
        from napari_verdict.widgets.plots.panel import PlotsPanel

        panel = PlotsPanel(self.viewer)
        self.viewer.window.add_dock_widget(panel, name="Plots", area="left")
        self.settle(1)
        for name, what in (("iou", "histogram"), ("size", "size against IoU"), ("pair", "counts")):
            panel.chooser.setCurrentIndex(panel.chooser.findData(name))
            self.settle(0.5)
            view = panel.plot(name)

            def change(panel: Any = panel) -> None:
                panel._listed = (None, None)
                panel.update_plot()

            def seen(view: Any = view) -> bool:
                return getattr(view, "_under", True) is not None

            self.answer(f"plot of another threshold: {what}", None, [change] * 10, seen)
        self.viewer.window.remove_dock_widget(panel)

    def jumps(self, what: str) -> None:
        """The arrow key leads from entry to entry: camera, sliders and outline."""
        from napari_verdict.widgets.docks import open_inspect
        from napari_verdict.widgets.hunt import Hunt

        self.meter.watch("ours", Hunt, "go")
        inspect = open_inspect(self.viewer)
        self.until(lambda: inspect.entries is not None and len(inspect.entries))
        self.settle(1)

        def down() -> None:
            QTest.keyClick(inspect.table, Qt.Key.Key_Down)

        def seen() -> bool:
            layer = inspect.hunt.highlight.layer
            return layer is not None and layer.visible

        self.answer(f"first jump, {what}", 50, [down], seen)
        self.answer(f"jump, {what}", 50, [down] * 10, seen)

    def mending(self) -> None:
        """Judge and mend: accept objects, paint with the mouse, undo and redo."""
        from napari_verdict.comparison.entries import EntryKey
        from napari_verdict.viewer.mended import Mended
        from napari_verdict.widgets.docks import open_inspect
        from napari_verdict.widgets.judgement_bar import JudgementBar
        from napari_verdict.widgets.mended_keeper import MendedKeeper
        from napari_verdict.widgets.mending_box import MendingBox

        for owner, name in (
            (Mended, "_on_layer"),
            (Mended, "mend"),
            (MendedKeeper, "_on_painted"),
            (MendingBox, "update_shown"),
            (MendingBox, "_accept"),
            (JudgementBar, "judge"),
        ):
            self.meter.watch("ours", owner, name)
        inspect = open_inspect(self.viewer)
        session, box = inspect.session, inspect.judge.mending
        self.settle(2)
        entries = inspect.entries
        wrong = np.flatnonzero(entries.role == 1)[:40].tolist()

        def look(row: int) -> None:
            session.selected = entries.key(row)
            self.settle(0.1)

        def judge() -> None:
            look(wrong.pop())
            self.meter.clear()
            inspect.judge.bar.ground_truth_wrong(True)

        self.answer("judged", 50, [judge] * 10, lambda: True)
        box.accept.click()  # makes the copy, in a worker
        self.until(lambda: box.mended.result is not None and not box.mended.doing)
        self.settle(1)

        def accept() -> None:
            look(wrong.pop())
            inspect.judge.bar.ground_truth_wrong(True)
            self.settle(0.1)
            self.meter.clear()
            box.accept.click()

        self.answer("predicted object accepted: to both scores", 50, [accept] * 15, lambda: True)
        layer = box.mended.layer
        self.answer("undo: to both scores", 50, [layer.undo] * 15, lambda: True)
        self.answer("redo: to both scores", 50, [layer.redo] * 15, lambda: True)
        session.selected = EntryKey(session.candidate, "ground truth", (), 1)
        box.mended.edit(1)
        layer.brush_size = 40
        self.settle(1)
        canvas = self.viewer.window._qt_viewer.canvas.native
        middle = canvas.rect().center()

        def stroke(k: int) -> None:
            at = middle + QPoint(12 * k - 90, 9 * k - 60)
            self.mouse(canvas, QEvent.Type.MouseButtonPress, at)
            self.mouse(canvas, QEvent.Type.MouseMove, at + QPoint(8, 4))
            self.mouse(canvas, QEvent.Type.MouseButtonRelease, at + QPoint(8, 4), down=False)

        strokes = [lambda k=k: stroke(k) for k in range(15)]
        self.answer("brush stroke with the mouse: to both scores", 50, strokes, lambda: True)

    def answer(
        self, what: str, budget: int | None, acts: list[Callable[[], Any]], seen: Callable[[], bool]
    ) -> None:
        """Measure what is done at once and until it is seen: a jump, a stroke, a click.

        What counts as ours has to be named in `_watch_ours`.
        """
        ours, napari = [], []
        for act in acts:
            self.meter.clear()
            act()
            self.until(seen)
            self.app.processEvents()
            ours.append(self.meter.spent["ours"])
            napari.append(self.meter.spent["napari"])
            self.settle(0.1)
        self.add(what, budget, ours, napari)

    # ---- the table

    def add(self, what: str, budget: int | None, ours: list[float], napari: list[float]) -> None:
        """Keep a row: median and maximum in milliseconds."""
        self.rows.append(
            (what, f"{budget} ms" if budget else "–", _ms(ours), _ms(napari), str(len(ours)))
        )

    def print(self) -> None:
        """Print the table."""
        print("| what | budget | median (longest) | napari's own | n |\n|---|---|---|---|---|")
        for row in self.rows:
            print("| " + " | ".join(row) + " |")


def _ms(seconds: list[float]) -> str:
    if not seconds:
        return "–"
    median, top = 1e3 * statistics.median(seconds), 1e3 * max(seconds)
    return f"{median:.0f} ms" + (f" ({top:.0f})" if len(seconds) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4096, help="pixels along y and x")
    parser.add_argument("--per-side", type=int, default=100, help="objects along y and x")
    parser.add_argument("--depth", type=int, default=0, help="planes; only jumps in 3D then")
    parser.add_argument("--explain", action="store_true", help="say what silences came from")
    options = parser.parse_args()
    with virtual_display():
        bench = Bench(options.side, options.per_side, options.explain, options.depth)
        bench.dock()
        bench.job("first time, kernels loaded")
        for _ in range(3):
            bench.job("again")
        if options.depth:
            bench.viewer.dims.ndisplay = 3
            bench.jumps(f"{options.depth} planes in 3D")
        else:
            bench.slider()
            bench.curve()
            bench.plots()
            bench.jumps("2D")
            bench.mending()
        bench.print()
        bench.validate.stop()
        bench.viewer.close()


if __name__ == "__main__":
    main()
