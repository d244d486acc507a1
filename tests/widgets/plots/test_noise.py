"""The noise plot: what was measured, and the line that predictions are tested with."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from dim import ask, capture, grey, scene
from napari_verdict.widgets.plots.noise import NoisePlot
from napari_verdict.widgets.plots.offer import offered
from napari_verdict.widgets.plots.panel import PlotsPanel
from napari_verdict.widgets.session import session_of

pytestmark = pytest.mark.gui


@pytest.fixture
def result(rng):
    truth = scene((128, 128))
    raw = capture(rng, truth)
    return ask(raw, grey(truth), grey(truth) + 1, known=False)


def test_points_are_the_curve_and_the_line_is_the_model(qtbot, show, result):
    plot = NoisePlot(ViewerModel())
    plot.show_conditions(result.conditions, "b")
    show(plot)
    points, line = plot._figure.axes[0].lines
    conditions = result.conditions["b"]
    np.testing.assert_array_equal(points.get_xdata(), conditions.curve.mean)
    np.testing.assert_array_equal(points.get_ydata(), conditions.curve.variance)
    mean, variance = line.get_data()
    np.testing.assert_allclose(variance, conditions.noise.variance(mean))
    assert mean[0] < conditions.curve.mean.min()
    assert mean[-1] > conditions.curve.mean.max()
    assert [t.get_text() for t in plot._figure.legends[0].texts] == ["measured", "model (circular)"]


def test_of_raw_the_noise_of_the_first_prediction_is_shown(qtbot, show, result):
    plot = NoisePlot(ViewerModel())
    plot.show_conditions(result.conditions, "raw")
    show(plot)
    points, _ = plot._figure.axes[0].lines
    np.testing.assert_array_equal(points.get_xdata(), result.conditions["a"].curve.mean)


def test_the_panel_offers_it_without_ground_truth_and_follows_the_candidate(qtbot, result):
    assert offered(result) == ["noise"]
    viewer = ViewerModel()
    panel = PlotsPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    session = session_of(viewer)
    session.update({"result": result, "candidate": "a"})
    qtbot.waitUntil(lambda: panel.shown == "noise" and "noise" in panel._views, timeout=5000)
    assert panel.plot("noise")._conditions is result.conditions["a"]
    session.candidate = "b"
    qtbot.waitUntil(lambda: panel.plot("noise")._conditions is result.conditions["b"], timeout=5000)
    panel.stop()
