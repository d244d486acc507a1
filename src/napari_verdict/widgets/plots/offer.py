"""Which plots there are, and which of them a result has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.model import Task
from napari_verdict.widgets.words import axis_over

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.result import Result


@dataclass(frozen=True)
class PlotKind:
    """One plot that can be chosen.

    Parameters
    ----------
    title, caption : str
        What it is called, and how it is read; ``{axis}`` stands for time or depth.
    module, name : str
        Where its widget is, in this room.
    """

    title: str
    caption: str
    module: str
    name: str

    def make(self, viewer: Any) -> Any:
        """Return its widget; this imports it, and matplotlib with it where it draws."""
        module = import_module(f"napari_verdict.widgets.plots.{self.module}")
        return getattr(module, self.name)(viewer)


PLOTS = {
    "iou": PlotKind(
        "IoU of objects",
        "How well each ground-truth object is found. Click a bar to list its objects.",
        *("histogram", "IouHistogram"),
    ),
    "size": PlotKind(
        "Size against IoU",
        "Are small objects the ones that fail? Click a point to fly to its object.",
        *("scatter", "SizeScatter"),
    ),
    "pair": PlotKind(
        "Two predictions",
        "What one finds and the other misses. Click a count to list the objects.",
        *("pair_box", "PairBox"),
    ),
    "noise": PlotKind(
        "Noise of the camera",
        "Variance of raw against its mean, and the line that predictions are tested with.",
        *("noise", "NoisePlot"),
    ),
    "intensity": PlotKind(
        "Intensity curve",
        "Is brightness still quantitative? On the dotted line a mean is that of the truth; the "
        "band holds nine tenths of the pixels. Choose labels to see the mean of every object; "
        "click one to look at it.",
        *("intensity_box", "IntensityBox"),
    ),
    "frames": PlotKind(
        "Score over {axis}",
        "Where along {axis} it fails. Click to step there.",
        *("frames", "FrameCurve"),
    ),
}


def offered(result: Result | None) -> list[str]:
    """Return which of `PLOTS` a result has."""
    if result is None:
        return []
    if result.comparison.task is Task.EVIDENCE:
        return ["noise"]
    instances = result.comparison.task is Task.INSTANCES
    names = ["iou", "size"] if instances else []
    names += ["pair"] if instances and len(result.comparison.predictions) > 1 else []
    curves = getattr(result, "intensity", {}).values()  # of restorations
    names += ["intensity"] if any(curve.counts.any() for curve in curves) else []
    return names + (["frames"] if axis_over(result) else [])


def pixel_size(truth: Input) -> tuple[float, str]:
    """Return the size of one pixel, and its unit: physical where the axes in space agree."""
    space = [k for k, axis in enumerate(truth.axes) if axis in "zyx"]
    units = {truth.units[k] for k in space}
    if len(units) != 1 or "pixel" in units:
        return 1.0, "pixels" if len(space) == 2 else "voxels"
    unit = {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm"}.get(*units, *units)
    size = math.prod(abs(truth.scale[k]) for k in space)
    return size, f"{unit}{'²' if len(space) == 2 else '³'}"
