"""Variance of raw against its mean, and the line that predictions are tested with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.widgets.plots.canvas import PlotCanvas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.widgets.plots.look import Look


class NoisePlot(PlotCanvas):
    """Draws what was measured as points and the noise model as a line, of one prediction."""

    gives = ""  # a click leads nowhere

    def __init__(self, viewer: Any) -> None:
        super().__init__(
            viewer,
            "Noise of the camera",
            "Points were measured; raw is tested with the line. Points above it at the bright end "
            "mean that structure is left in the residual",
            250,
        )
        self._conditions: Conditions | None = None

    def show_conditions(self, conditions: Mapping[str, Conditions], candidate: str) -> None:
        """Draw the noise that a candidate is tested with; of raw that of the first prediction."""
        first = next(iter(conditions.values()))
        self._conditions = conditions.get(candidate, first)
        self.redraw()

    def paint(self, figure: Figure, look: Look) -> None:
        """Draw points, line and its source."""
        axes = self.axes(figure, look)
        if self._conditions is None:
            return
        curve, noise = self._conditions.curve, self._conditions.noise
        ends = np.array([curve.mean.min(), curve.mean.max()])
        more = 0.03 * float(np.ptp(ends))
        mean = np.linspace(float(ends[0]) - more, float(ends[1]) + more, 200)
        (points,) = axes.plot(
            curve.mean, curve.variance, "o", ms=4, color=look.colours[0], alpha=0.9
        )
        (line,) = axes.plot(mean, noise.variance(mean), color=look.accent, lw=1.6)
        axes.set_ylim(0, 1.15 * max(float(curve.variance.max()), float(noise.variance(ends).max())))
        self.name_axes(axes, look, "mean of raw (ADU)", "variance (ADU²)")
        how = "circular" if noise.circular else "independent"
        self.legend(figure, look, [points, line], ["measured", f"model ({how})"])
