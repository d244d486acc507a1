"""What is found in the pixels of restorations and in the coordinates of points."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from builders import OnlySlices, by_code, compare, fingerprint, remedies, texture
from napari_verdict.comparison.findings import Severity, blocking
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.preflight.alignment import confirmed, correlation
from napari_verdict.comparison.preflight.checks import preflight, preflight_pixels, preflight_steps
from napari_verdict.comparison.preflight.decisions import apply_decisions
from napari_verdict.comparison.preflight.images import facts_of
from napari_verdict.engine.cancel import Cancelled, CancelToken

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return texture()


@pytest.fixture(scope="module")
def good(truth: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, 20, truth.shape)
    return (0.5 * truth + 30 + noise).astype(np.float32)


def shifted(image: np.ndarray, dy: float, dx: float) -> np.ndarray:
    moved = np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(image), (dy, dx))).real
    return moved.astype(np.float32)


def test_an_ordinary_comparison_has_nothing_odd(truth: np.ndarray, good: np.ndarray) -> None:
    raw = (good + np.random.default_rng(6).normal(0, 100, truth.shape)).astype(np.float32)
    assert preflight(compare(truth, good, raw=raw)) == []


# ---- values


def test_nan_and_infinite_pixels_are_counted(truth: np.ndarray, good: np.ndarray) -> None:
    bad = good.copy()
    bad[3, 4:9] = np.nan
    bad[50, 50] = -np.inf
    found = preflight(compare(truth, bad))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("not-finite", WARNING, "a")]
    assert "6 pixels that are NaN or infinite (less than 0.1 %)" in found[0].message


def test_ignored_pixels_are_not_held_against_an_image(truth: np.ndarray, good: np.ndarray) -> None:
    bad = good.copy()
    bad[:10] = np.nan
    ignore = np.zeros(truth.shape, bool)
    ignore[:10] = True
    assert preflight(compare(truth, bad, ignore=ignore)) == []
    everything = preflight(compare(truth, good, ignore=np.ones(truth.shape, bool)))
    assert [(f.code, f.severity) for f in everything] == [("all-ignored", ERROR)]


def test_nan_everywhere_blocks_only_in_the_ground_truth(
    truth: np.ndarray, good: np.ndarray
) -> None:
    nothing = np.full_like(truth, np.nan)
    assert by_code(preflight(compare(nothing, good)))["not-finite"].severity is ERROR
    found = preflight(compare(truth, nothing, good))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("not-finite", WARNING, "a")]


def test_a_constant_image_is_told_of(truth: np.ndarray, good: np.ndarray) -> None:
    found = preflight(compare(truth, np.full_like(truth, 7), good, raw=np.zeros_like(truth)))
    assert [(f.code, f.candidate) for f in found] == [("constant", "raw"), ("constant", "a")]
    assert "all pixels are 7" in found[1].message
    of_truth = by_code(preflight(compare(np.zeros_like(truth), good)))["constant"]
    assert (of_truth.candidate, of_truth.severity) == (None, WARNING)


def test_facts_are_exact() -> None:
    block = np.array([[3, -1, np.nan, np.inf, 9]], np.float32)
    facts = facts_of(block) + facts_of(np.array([[4, 5]], np.uint8)) + facts_of(block[:, 2:4])
    assert (facts.pixels, facts.not_finite, facts.low, facts.high) == (9, 4, -1, 9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_tiny_images_do_no_harm(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    findings = preflight(compare(rng.random(shape), rng.random(shape), raw=rng.random(shape)))
    assert not blocking(findings)
    assert {f.code for f in findings} <= {"constant", "inverted"}


# ---- identical


def test_identical_inputs_are_told_of(truth: np.ndarray, good: np.ndarray) -> None:
    found = preflight(compare(truth, truth.copy(), good, good.astype(np.float64), raw=good))
    pairs = [(f.candidate, f.message.split(" are identical")[0]) for f in found]
    assert pairs == [
        ("a", "The prediction a and the ground truth"),
        ("b", "The prediction b and the raw image"),
        ("c", "The prediction c and the raw image"),
        ("c", "The prediction c and the prediction b"),
    ]
    assert {(f.code, f.severity) for f in found} == {("identical", WARNING)}
    assert "changed nothing" in found[1].message


def test_one_pixel_makes_a_difference_and_nan_does_not(truth: np.ndarray) -> None:
    holes = truth.copy()
    holes[5, 5] = np.nan
    other = holes.copy()
    assert "identical" in by_code(preflight(compare(holes, other)))
    other[-1, -1] += 1
    assert "identical" not in by_code(preflight(compare(holes, other)))


def test_raw_as_ground_truth_is_a_perfect_baseline(truth: np.ndarray, good: np.ndarray) -> None:
    found = by_code(preflight(compare(truth, good, raw=truth)))["identical"]
    assert "perfect baseline" in found.message


# ---- contrast and shift


def test_inverted_contrast_is_told_of(truth: np.ndarray, good: np.ndarray) -> None:
    found = preflight(compare(truth, -good))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("inverted", WARNING, "a")]


@pytest.mark.parametrize("shift", [(0.4, -0.3), (0.0, 0.6), (3.0, 2.0)])
def test_a_shift_is_told_of_and_can_be_taken_back(
    truth: np.ndarray, shift: tuple[float, float]
) -> None:
    comparison = compare(truth, shifted(truth, *shift))
    found = by_code(preflight(comparison))["shifted"]
    assert (found.severity, remedies(found)) == (WARNING, ["align:a"])
    said = [float(number) for number in re.findall(r"([+-][0-9.]+) px along", found.message)]
    assert said == pytest.approx(shift, abs=0.08)
    accepted = comparison.with_settings(decisions=("align:a",))
    assert by_code(preflight(accepted))["shifted"].severity is INFO
    original, aligned = apply_decisions(accepted).predictions
    assert (original.name, aligned.name) == ("a", "a (aligned)")
    assert original is comparison.predictions[0]
    inner = (slice(8, -8), slice(8, -8))
    before = np.abs(original.data - truth)[inner].mean()
    assert np.abs(aligned.data - truth)[inner].mean() < before / 5


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.1, -0.15)])
def test_a_shift_too_small_to_matter_is_passed_over(
    truth: np.ndarray, shift: tuple[float, float]
) -> None:
    noise = np.random.default_rng(1).normal(0, 30, truth.shape)
    comparison = compare(truth, shifted(truth, *shift) + noise)
    assert preflight(comparison) == []
    # but what was asked for is done, and said
    accepted = comparison.with_settings(decisions=("align:a",))
    assert [(f.code, f.severity) for f in preflight(accepted)] == [("shifted", INFO)]
    assert [p.name for p in apply_decisions(accepted).predictions] == ["a", "a (aligned)"]


def test_raw_says_who_shifted(truth: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0, 30, truth.shape)
    moved = shifted(truth, 1.0, 0.0)
    by_model = by_code(preflight(compare(truth, moved, raw=truth + noise)))["shifted"]
    assert "it is the model that moves the image" in by_model.message
    by_stage = by_code(preflight(compare(truth, moved, raw=moved + noise)))["shifted"]
    assert "Raw is shifted as well" in by_stage.message


def test_images_that_have_nothing_in_common_are_not_called_shifted(truth: np.ndarray) -> None:
    other = texture(seed=99)
    assert "shifted" not in by_code(preflight(compare(truth, other)))
    assert not confirmed(other, truth, (11.0, -20.0))


def test_holes_stay_holes_in_an_aligned_copy(truth: np.ndarray) -> None:
    moved = shifted(truth, 0.5, 0.5)
    moved[40:43, 40:43] = np.nan
    accepted = compare(truth, moved, decisions=("align:a",))
    aligned = apply_decisions(accepted).predictions[1].data
    assert np.isnan(aligned[41, 41])
    assert np.isfinite(aligned[50:90, 50:90]).all()
    assert np.isnan(aligned).sum() < 300


def test_the_middle_of_a_stack_is_looked_at() -> None:
    stack = np.stack([texture(seed=k) for k in range(5)])
    moved = np.stack([shifted(p, 0.5, 0.0) for p in stack])
    found = by_code(preflight(compare(stack, moved, axes="tyx", decisions=("align:a",))))
    assert "shifted" in found
    aligned = apply_decisions(compare(stack, moved, axes="tyx", decisions=("align:a",)))
    assert aligned.predictions[1].data.shape == stack.shape


# ---- how it is read


def test_a_lazy_array_is_read_once_and_a_little_more(truth: np.ndarray) -> None:
    stack = np.stack([texture(seed=k) for k in range(20)])
    noisy = stack + np.random.default_rng(0).normal(0, 20, stack.shape)
    lazy, other = OnlySlices(stack), OnlySlices(noisy)
    assert preflight(compare(lazy, other, axes="zyx")) == []
    assert lazy.read == other.read == stack.size + truth.size


def test_it_says_how_far_it_is_and_is_stopped_on_the_way() -> None:
    stack = np.stack([texture((512, 600), seed=k) for k in range(6)])
    token = CancelToken()
    steps = preflight_steps(compare(stack, stack + 1, axes="zyx"), token)
    first = next(steps)
    assert (first.done, first.what) == (1, "checks")
    assert first.total > 3
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)


def test_an_aligned_copy_of_a_lazy_image_is_computed_where_it_is_read(truth: np.ndarray) -> None:
    da = pytest.importorskip("dask.array")
    stack = np.stack([truth] * 5)
    moved = np.stack([shifted(p, 0.5, 0.0) for p in stack])
    lazy = da.from_array(moved, (2, 32, 96))
    options = {"axes": "zyx", "decisions": ("align:a",)}
    expected = apply_decisions(compare(stack, moved, **options)).predictions[1]
    copy = apply_decisions(compare(stack, lazy, **options)).predictions[1]
    assert not isinstance(copy.data, np.ndarray)
    for z, y in ((slice(1, 2), slice(0, 96)), (slice(2, 5), slice(7, 40))):
        np.testing.assert_array_equal(copy.source.read((), z, y), expected.source.read((), z, y))


def test_a_set_token_stops_it(truth: np.ndarray, good: np.ndarray) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        preflight(compare(truth, good), token)


def test_no_pixel_is_read_where_the_geometry_forbids_it(truth: np.ndarray) -> None:
    lazy = OnlySlices(truth)
    assert preflight_pixels(compare(lazy, texture((50, 50)))) == []
    assert blocking(preflight(compare(lazy, texture((50, 50)))))
    assert lazy.read == 0


def test_inputs_are_unchanged_byte_for_byte(truth: np.ndarray) -> None:
    bad = shifted(truth, 0.6, 0.0)
    bad[0, 0] = np.nan
    ignore = np.zeros(truth.shape, bool)
    comparison = compare(truth, bad, raw=-truth, ignore=ignore, decisions=("align:a",))
    before = fingerprint(comparison)
    preflight(comparison)
    apply_decisions(comparison)
    assert fingerprint(comparison) == before


# ---- points


def test_points_without_a_place_block() -> None:
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    lost = np.array([[1.0, np.nan], [3.0, 4.0]])
    found = preflight(compare(points, lost, task=Task.DETECTIONS, radius=1.0))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("not-finite", ERROR, "a")]


def test_no_points_on_either_or_both_sides_are_told_of() -> None:
    points, none = np.array([[1.0, 2.0]]), np.empty((0, 2))

    def empty(truth: np.ndarray, prediction: np.ndarray) -> str:
        found = preflight(compare(truth, prediction, task=Task.DETECTIONS, radius=1.0))
        assert [(f.code, f.severity) for f in found] == [("empty", WARNING)]
        return found[0].message

    assert "recall is undefined" in empty(none, points)
    assert "precision is undefined" in empty(points, none)
    assert "nothing is defined" in empty(none, none)


def test_the_same_points_twice_are_told_of() -> None:
    points = np.array([[1.0, 2.0]])
    found = preflight(compare(points, points + 0, task=Task.DETECTIONS, radius=1.0))
    assert [f.code for f in found] == ["identical"]
    assert "point by point" in found[0].message


# ---- real images


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_real_restorations_have_nothing_odd_until_they_are_moved(
    read_shared: Any, case: str
) -> None:
    names = ["gt", "raw", "prediction_cnn", "prediction_gauss3", "prediction_artefact"]
    truth, raw, *predictions = (read_shared(f"denoising/{case}/{n}.ome.tif") for n in names)
    assert preflight(compare(truth, *predictions, raw=raw)) == []
    moved = ndimage.shift(predictions[0], (0.5, 0.0), order=3, mode="nearest")
    found = preflight(compare(truth, moved, raw=raw))
    assert [f.code for f in found] == ["shifted"]
    assert "it is the model that moves the image" in found[0].message


def test_a_quarter_of_a_pixel_is_found_in_a_real_denoising(read_shared: Any) -> None:
    truth, prediction = (
        read_shared(f"denoising/hela_mito/{n}.ome.tif") for n in ("gt", "prediction_nlm")
    )
    request = compare(truth, prediction, decisions=("align:a",))
    assert [f.code for f in preflight(request)] == ["shifted"]
    before, after = (p.data[2:-2, 2:-2] for p in apply_decisions(request).predictions)
    assert correlation(after, truth[2:-2, 2:-2]) > correlation(before, truth[2:-2, 2:-2])
