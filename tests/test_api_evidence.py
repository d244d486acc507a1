"""The Python face without ground truth: arrays in, a result out."""

from __future__ import annotations

import json

import numpy as np
import pytest

import napari_verdict
from dim import CAMERA, blob, capture, grey, scene
from napari_verdict.comparison.findings import ComparisonError

MAPS = {"evidence", "limit", "residual", "disagreement", "error"}


def test_arrays_captures_and_a_camera_give_a_result(rng):
    truth = scene((96, 96))
    raw, more = capture(rng, truth), np.stack([capture(rng, truth) for _ in range(2)])
    result = napari_verdict.check_evidence(
        {"cnn": grey(truth), "wrong": grey(truth + 14 * blob(truth.shape, 60, 40))},
        raw,
        noise={"gain": 2.2, "offset": 100, "read_noise": 1.6},
        captures=more,
        threads=1,
    )
    assert result.conditions["cnn"].noise == CAMERA
    assert set(result.maps["wrong"]) == MAPS
    assert result.objects["kind"].tolist() == ["shown without photons"]
    assert result.disputes[0].supports == "cnn"
    assert set(result.scores["candidate"]) == {"raw", "cnn", "wrong"}
    assert json.loads(result.to_json())["verdict"] == result.verdict


def test_lists_stacks_and_unnamed_axes(rng):
    truth = scene((64, 64))
    dark = [capture(rng, np.zeros((64, 64))) for _ in range(8)]
    flat = [[capture(rng, np.full((64, 64), e)) for _ in range(8)] for e in (20, 60)]
    raw = capture(rng, truth)
    result = napari_verdict.check_evidence(grey(truth).tolist(), raw, dark=dark, flat=flat)
    assert result.conditions["prediction"].noise.slope == pytest.approx(2.2, rel=0.1)
    with pytest.raises(ComparisonError, match="axes that nobody named"):
        napari_verdict.check_evidence(grey(truth)[None], raw[None])


@pytest.mark.parametrize(
    ("camera", "match"),
    [({"gain": 2}, "lacks offset, read_noise"), ({"gain": 2, "gains": 1}, "no gains")],
)
def test_half_a_camera_is_refused(camera, match):
    with pytest.raises(ValueError, match=match):
        napari_verdict.check_evidence(np.ones((8, 8)), np.ones((8, 8)), noise=camera)


def test_a_camera_in_the_attributes_of_raw_is_read_unless_one_is_entered(rng):
    class Attributed(np.ndarray):
        """An array with attributes, as of zarr and xarray."""

    truth = scene((96, 96))
    raw = capture(rng, truth).view(Attributed)
    raw.attrs = {"gain": 2.2, "offset": 100, "read_noise": 1.6, "exposure": "10 ms"}
    read = napari_verdict.check_evidence(grey(truth), raw).conditions["prediction"].noise
    assert read.source == "read from metadata"
    assert read.variance(np.array([150.0])) == CAMERA.variance(np.array([150.0]))
    entered = {"gain": 2.0, "offset": 100, "read_noise": 2.0}
    result = napari_verdict.check_evidence(grey(truth), raw, noise=entered)
    assert result.conditions["prediction"].noise.source == "entered"
    raw.attrs = {"gain": 2.2}
    assert napari_verdict.check_evidence(grey(truth), raw).conditions["prediction"].noise.circular
