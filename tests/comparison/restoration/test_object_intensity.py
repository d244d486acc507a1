"""Intensities of objects after a restoration."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import tifffile
from dask import array

from builders import discs
from napari_verdict import compare_images
from napari_verdict.cli import main
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.objects.reader import LabelReader
from napari_verdict.comparison.restoration.object_intensity import (
    ALL_ALIKE,
    TOO_FEW,
    SumObjects,
    object_intensities,
)
from napari_verdict.comparison.restoration.pixels import Pixels
from napari_verdict.engine.blocks import Block
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.engine.sources import Source
from napari_verdict.report.replay import differences, read_record, replay
from restored import blobs, compare, noisy


def lit(rng):
    """Discs of four intensities on a dark ground, and their labels."""
    labels = discs()
    return np.array([10, 400, 600, 800, 1000.0])[labels] + rng.normal(0, 5, labels.shape), labels


def test_means_are_those_of_the_pixels_on_the_line_of_the_candidate(rng):
    g, labels = lit(rng)
    p = 0.3 * g + 100 + rng.normal(0, 4, g.shape)
    found = compare(p, g).object_intensities(labels)["prediction"]
    slope, offset = np.polyfit(g.ravel(), p.ravel(), 1)
    own = (p - offset) / slope
    assert found.id.tolist() == [1, 2, 3, 4]
    assert found.pixels.tolist() == [int((labels == i).sum()) for i in range(1, 5)]
    for values, image in ((found.truth, g), (found.measured, own)):
        expected = [image[labels == i].mean() for i in range(1, 5)]
        np.testing.assert_allclose(values, expected, atol=2e-3)
    low, high = np.percentile(g, (0.1, 99.9))
    np.testing.assert_allclose(found.shares[:, 1], (found.measured - low) / (high - low), atol=1e-6)
    centre = [(0, *np.mean(np.nonzero(labels == i), axis=1)) for i in range(1, 5)]
    np.testing.assert_allclose(found.centroid, centre)


def test_a_dimmed_object_shows_in_the_limits_and_in_raw_it_does_not(rng):
    g, labels = lit(rng)
    p = g.copy()
    p[labels == 3] -= 300
    result = compare_images(p, g, noisy(rng, g, 10), objects=labels)
    spread = {
        name: result.score("object_limit_high", name).value
        - result.score("object_limit_low", name).value
        for name in ("raw", "prediction")
    }
    assert spread["raw"] < 30 < 300 < spread["prediction"]
    row = result.score("object_pearson", "raw")
    assert row.value > 0.999
    assert (row.n, row.unit, row.aggregation) == (4, "1", "pooled over objects")
    record = result.to_record()
    assert record["scores"][-1]["metric"] == "object_limit_high"
    assert record["inputs"][-1]["role"] == "objects"


@pytest.mark.parametrize("convention", ["laine2021", "zerocostdl4mic"])
def test_the_bits_are_the_same_whatever_threads_and_chunks(rng, convention):
    g = blobs(rng, (3, 40, 50))
    p = noisy(rng, g)
    p[1, 3, :7] = np.nan
    ignore = rng.random(g.shape) < 0.1
    labels = rng.integers(0, 9, g.shape).astype(np.uint16)
    options = {"ignore": ignore, "axes": "zyx", "convention": convention}
    expected = compare(p, g, **options).object_intensities(labels, threads=1)["prediction"]
    lazy = [array.from_array(a, chunks=(2, 7, 50)) for a in (p, g, labels)]
    found = compare(*lazy[:2], **options).object_intensities(lazy[2], threads=3)["prediction"]
    for name in ("id", "pixels", "truth", "measured", "shares", "centroid"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    counted = (labels == 2) & np.isfinite(p) & ~ignore
    assert found.pixels[1] == counted.sum()
    assert found.truth[1] == pytest.approx(g[counted].mean(), abs=0.05)


def test_ids_belong_to_their_frame(rng):
    g = np.stack([lit(rng)[0], 2 * lit(rng)[0]])
    labels = np.stack([discs(), discs()])
    found = compare(noisy(rng, g, 5), g, axes="tyx").object_intensities(labels)["prediction"]
    assert found.id.tolist() == [1, 2, 3, 4] * 2
    assert found.frame.ravel().tolist() == [0] * 4 + [1] * 4


def test_what_is_undefined_says_why(rng):
    g, labels = lit(rng)
    few = compare_images(noisy(rng, g), g, objects=np.where(labels > 2, 0, labels))
    assert few.score("object_bias", "prediction").reason == TOO_FEW
    none = compare_images(-g, g, objects=labels)  # it has no line to be laid on
    assert math.isnan(none.score("object_pearson", "prediction").value)
    assert none.score("object_pearson", "prediction").n == 0
    alike = compare_images(noisy(rng, g), np.where(labels, 500, g), objects=labels)
    assert alike.score("object_pearson", "prediction").reason == ALL_ALIKE


def test_labels_of_another_shape_are_refused_in_words(rng):
    g, labels = lit(rng)
    with pytest.raises(ValueError, match="Choose labels of the same shape"):
        compare(noisy(rng, g), g).object_intensities(labels[:-1])


def test_preflight_refuses_what_are_no_labels_of_this_image(rng):
    g, labels = lit(rng)
    with pytest.raises(ComparisonError, match="Choose labels of the same shape"):
        compare_images(noisy(rng, g), g, objects=labels[:-1])
    with pytest.raises(ComparisonError, match="ids are whole numbers"):
        compare_images(noisy(rng, g), g, objects=labels / 2)


def test_ids_below_0_are_said_as_of_labels_and_can_be_left_out(rng):
    g, labels = lit(rng)
    signed = labels.astype(np.int16)
    signed[labels == 2] = -1
    counted = compare_images(noisy(rng, g), g, objects=signed)
    (finding,) = (f for f in counted.findings if f.code == "negative-ids")
    assert finding.message.startswith("The image of objects has 81 pixels with ids below 0")
    assert counted.score("object_bias", "prediction").n == 4
    (remedy,) = finding.remedies
    left_out = compare_images(noisy(rng, g), g, objects=signed, decisions=(remedy.id,))
    assert left_out.score("object_bias", "prediction").n == 3
    assert [f.code for f in left_out.findings] == [remedy.id]
    assert "Ids below 0 in the image of objects count as background" in left_out.findings[0].message
    assert signed.min() == -1


def test_labels_are_cropped_with_the_images(rng):
    g, labels = lit(rng)
    result = compare_images(noisy(rng, g)[:30], g, objects=labels, decisions=("crop-to-common",))
    cropped = compare(noisy(rng, g)[:30], g[:30]).object_intensities(labels[:30])["prediction"]
    assert result.score("object_bias", "prediction").n == len(cropped.id)


def test_a_record_is_replayed_with_its_objects(rng, tmp_path):
    g, labels = lit(rng)
    images = {"g.tif": g, "p.tif": noisy(rng, g), "labels.tif": labels}
    for name, image in images.items():
        tifffile.imwrite(tmp_path / name, image)
    out = tmp_path / "out"
    arguments = ["images", "--gt", "g.tif", "--pred", "p.tif", "--objects", "labels.tif"]
    arguments = [str(tmp_path / a) if a.endswith(".tif") else a for a in arguments]
    assert main([*arguments, "--out", str(out)]) == 0
    record = read_record(out / "results.json")
    assert {s.metric for s in record.scores} >= {"object_pearson", "object_bias"}
    assert differences(record, replay(out / "results.json")) == []


def test_it_reports_progress_and_can_be_stopped(rng):
    g, labels = lit(rng)
    result, token = compare(noisy(rng, g), g), CancelToken()
    assert [p.what for p in object_intensities(result, labels, token=token)] == ["objects"]
    token.cancel()
    with pytest.raises(Cancelled):
        result.object_intensities(labels, token=token)


def test_the_task_goes_through_pickle_to_another_process(rng):
    g, labels = lit(rng)
    result = compare(noisy(rng, g), g)
    reader = LabelReader(Source(labels, "yx"), "")
    task = SumObjects(Pixels.of(result.comparison), reader, result.lines[(), 0])
    block = Block((), 0, 1, 3, 25)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        np.testing.assert_equal(elsewhere.submit(task, block).result(), task(block))
