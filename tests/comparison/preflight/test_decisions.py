"""Accepted remedies give another comparison and leave the inputs as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import OnlySlices, compare, discs, fingerprint, texture
from napari_verdict.comparison.axes import axes_from_labels, axes_of, name_axis
from napari_verdict.comparison.derived import DerivedArray, changed, crop
from napari_verdict.comparison.findings import blocking
from napari_verdict.comparison.geometry import pixel_size, unit_factor
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.checks import preflight
from napari_verdict.comparison.preflight.decisions import REMEDIES, apply_decisions


def read(item: Input) -> np.ndarray:
    return item.source.read((), slice(0, item.source.shape[0]), slice(0, item.source.shape[1]))


def test_without_decisions_it_is_the_same_object() -> None:
    comparison = compare(texture(), texture((96, 90)))
    assert apply_decisions(comparison) is comparison


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=4))
def test_cropping_to_the_common_size_starts_at_the_first_pixel(
    shapes: list[tuple[int, int]],
) -> None:
    rng = np.random.default_rng(0)
    truth, *predictions = (rng.integers(0, 99, shape) for shape in shapes)
    ignore = rng.random(shapes[0]) > 0.5
    request = compare(truth, *predictions, ignore=ignore, decisions=("crop-to-common",))
    before = fingerprint(request)
    resolved = apply_decisions(request)
    height, width = (min(s[k] for s in shapes) for k in (0, 1))
    for old, new in zip(
        (request.ground_truth, *request.predictions),
        (resolved.ground_truth, *resolved.predictions),
        strict=True,
    ):
        assert np.array_equal(new.data, old.data[:height, :width])
        assert np.shares_memory(new.data, old.data)
    assert resolved.ignore is not None
    assert np.array_equal(resolved.ignore, ignore[:height, :width])
    assert fingerprint(request) == before


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(4, 12), st.integers(4, 12)),
    st.tuples(st.integers(4, 12), st.integers(4, 12)),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
    st.sampled_from([0.25, 1.0, 3.0]),
)
def test_cropping_to_the_overlap_brings_the_same_places_together(
    shape: tuple[int, int], other: tuple[int, int], at: tuple[int, int], scale: float
) -> None:
    world = np.arange(40 * 40).reshape(40, 40)
    truth = Input("t", world[10 : 10 + shape[0], 10 : 10 + shape[1]], "yx", (scale, scale), (5, 7))
    y, x = 10 + at[0], 10 + at[1]
    there = (5 + at[0] * scale, 7 + at[1] * scale)
    moved = Input("a", world[y : y + other[0], x : x + other[1]], "yx", (scale, scale), there)
    resolved = apply_decisions(compare(truth, moved, decisions=("crop-to-overlap",)))
    new = resolved.predictions[0]
    assert np.array_equal(resolved.ground_truth.data, new.data)
    assert new.translate == pytest.approx(resolved.ground_truth.translate)
    assert not any(f.code == "translate-mismatch" for f in preflight(resolved))


def test_axes_in_another_order_are_cropped_by_name() -> None:
    truth, other = texture((60, 70)), texture((64, 66))
    swapped = Input("a", other.T, "xy")
    resolved = apply_decisions(compare(truth, swapped, decisions=("crop-to-common",)))
    assert resolved.predictions[0].shape == (66, 60)
    assert np.array_equal(resolved.predictions[0].data, other[:60, :66].T)
    assert resolved.ground_truth.shape == (60, 66)


def test_cropping_a_file_reads_nothing_until_it_is_asked_for() -> None:
    lazy = OnlySlices(texture((60, 70)))
    resolved = apply_decisions(compare(texture((50, 50)), lazy, decisions=("crop-to-common",)))
    item = resolved.predictions[0]
    assert lazy.read == 0
    assert np.array_equal(read(item)[0], texture((60, 70))[:50, :50])
    assert lazy.read == 50 * 50


def test_cropping_keeps_dask_lazy() -> None:
    da = pytest.importorskip("dask.array")
    lazy = da.from_array(texture((60, 70)), chunks=32)
    resolved = apply_decisions(compare(texture((50, 50)), lazy, decisions=("crop-to-common",)))
    assert isinstance(resolved.predictions[0].data, da.Array)
    assert resolved.predictions[0].shape == (50, 50)


def _requests() -> list[Comparison]:
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    signed = discs().astype(np.int32)
    signed[0] = -1
    return [
        compare(texture(), texture((90, 96), 2), raw=texture((96, 92), 3)),
        compare(
            texture(),
            Input("a", texture(), "yx", translate=(2.0, 0.0)),
            Input("b", np.roll(texture(), 1, axis=0), "yx", scale=(2.0, 2.0)),
        ),
        compare(
            np.stack([discs()] * 2), np.stack([discs() > 0] * 2), task=Task.INSTANCES, axes="?yx"
        ),
        compare(signed, (discs() > 0) * np.float32(0.7), task=Task.INSTANCES),
        compare(discs(), np.arange(1600).reshape(40, 40), task=Task.SEMANTIC),
        compare(
            points,
            Input("a", points, "yx", scale=(0.5, 0.5)),
            task=Task.DETECTIONS,
            radius=1.0,
        ),
    ]


@pytest.mark.parametrize("k", range(6))
@pytest.mark.parametrize("decision", [*(r for r in REMEDIES if r != "align:"), "align:a", "odd"])
def test_any_remedy_on_any_comparison_does_no_harm(k: int, decision: str) -> None:
    request = _requests()[k].with_settings(decisions=(decision, decision))
    before = fingerprint(request)
    once = apply_decisions(request)
    twice = apply_decisions(once)
    preflight(request)
    assert fingerprint(request) == before
    assert [p.name for p in twice.predictions] == [p.name for p in once.predictions]
    for a, b in zip(
        (once.ground_truth, *once.predictions),
        (twice.ground_truth, *twice.predictions),
        strict=True,
    ):
        assert (a.axes, a.scale, a.translate, a.shape) == (b.axes, b.scale, b.translate, b.shape)
        assert np.array_equal(
            np.asarray(a.data), np.asarray(b.data), equal_nan=a.data.dtype.kind == "f"
        )


@pytest.mark.parametrize("k", range(6))
def test_accepting_the_first_way_out_of_everything_leads_out(k: int) -> None:
    request = _requests()[k]
    for _ in range(8):
        offered = [f for f in preflight(request) if f.remedies]
        if not offered:
            break
        decisions = (*request.settings.decisions, offered[0].remedies[0].id)
        request = request.with_settings(decisions=decisions)
    assert not blocking(preflight(request))
    assert not [f for f in preflight(request) if f.remedies]


# ---- axes


def test_axes_of_arrays_and_labels() -> None:
    assert [axes_of(n) for n in range(5)] == ["", "x", "yx", "?yx", "??yx"]
    assert axes_from_labels(("Time", "Z", "y", "x")) == "tzyx"
    assert axes_from_labels(("channel", "axis -2", "axis -1")) == "cyx"
    assert axes_from_labels(("y", "x", "c")) == "yxc"


def test_naming_an_axis_fills_the_first_unknown_one_only() -> None:
    item = Input("a", np.zeros((2, 3, 4, 5)), "??yx")
    assert name_axis(item, "t").axes == "t?yx"
    assert name_axis(name_axis(item, "t"), "z").axes == "tzyx"
    assert item.axes == "??yx"
    for letter in ("t", "y", "q", ""):
        once = name_axis(item, "t")
        assert name_axis(once, letter) is once
    named = Input("a", np.zeros((2, 3)), "yx")
    assert name_axis(named, "z") is named


# ---- arrays that are computed where they are read


def test_a_derived_array_reads_like_the_array_it_stands_for() -> None:
    data = np.arange(60).reshape(3, 4, 5)
    derived = DerivedArray(OnlySlices(data), (1, 0, 2), (2, 4, 3), data.dtype, lambda v: -v)
    expected = -data[1:3, :, 2:5]
    assert np.array_equal(np.asarray(derived), expected)
    for key in (0, -1, (1, 2), (slice(None), 3), (0, slice(1, 3), slice(-2, None))):
        assert np.array_equal(derived[key], expected[key])
    assert derived[5:9].shape == (0, 4, 3)
    with pytest.raises(IndexError):
        derived[2]
    with pytest.raises(IndexError):
        derived[::2]


def test_derived_arrays_can_be_derived_from() -> None:
    data = np.arange(60.0).reshape(3, 4, 5)
    halved = changed(crop(OnlySlices(data), (0, 1, 1), (3, 2, 3)), lambda v: v > 30, np.dtype(bool))
    inner = crop(halved, (1, 0, 0), (2, 2, 2))
    assert inner.dtype == bool
    assert np.array_equal(np.asarray(inner), data[1:3, 1:3, 1:3] > 30)


# ---- words


def test_units_are_converted_where_they_can_be() -> None:
    assert unit_factor("nanometer", "micrometer") == pytest.approx(1e-3)
    assert unit_factor("µm", "Micron") == 1.0
    assert unit_factor("second", "ms") == pytest.approx(1000)
    assert unit_factor("pixel", "pixel") == 1.0
    assert unit_factor("pixel", "micrometer") is None
    assert unit_factor("second", "micrometer") is None


@pytest.mark.parametrize(
    ("scale", "units", "said"),
    [
        ((0.65, 0.65), ("micrometer", "micrometer"), "0.65 µm"),
        ((2.0, 0.5), ("pixel", "pixel"), "2 × 0.5 px"),
        ((1.0, 0.5), ("pixel", "micrometer"), "1 px × 0.5 µm"),
    ],
)
def test_the_size_of_a_pixel_in_words(
    scale: tuple[float, ...], units: tuple[str, ...], said: str
) -> None:
    assert pixel_size(Input("a", np.zeros((2, 3)), "yx", scale=scale, units=units)) == said
