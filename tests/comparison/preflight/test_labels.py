"""What is found in label images, and the way out of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from builders import OnlySlices, by_code, compare, discs, fingerprint, remedies
from napari_verdict.comparison.findings import Severity
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.preflight.checks import preflight
from napari_verdict.comparison.preflight.decisions import apply_decisions
from napari_verdict.comparison.preflight.label_values import facts_of, scan_labels
from napari_verdict.engine.cancel import Cancelled, CancelToken

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.fixture
def other() -> np.ndarray:
    """Like the four discs, but not the same."""
    labels = discs()
    labels[labels == 2] = 0
    return np.roll(labels, 1, axis=0)


def labels(truth: Any, *predictions: Any, task: Task = Task.INSTANCES, **given: Any) -> Comparison:
    return compare(truth, *predictions, task=task, **given)


def accepting(comparison: Comparison, decision: str) -> Comparison:
    return comparison.with_settings(decisions=(decision,))


def read(item: Input) -> np.ndarray:
    source = item.source
    return source.read((), slice(0, source.shape[0]), slice(0, source.shape[1]))[0]


def test_ordinary_labels_have_nothing_odd(other: np.ndarray) -> None:
    for dtype in (np.uint8, np.int16, np.uint64):
        assert preflight(labels(discs().astype(dtype), other)) == []


# ---- values


def test_an_image_given_as_labels_is_refused(other: np.ndarray) -> None:
    found = preflight(labels(discs(), other + 0.25))
    assert [(f.code, f.severity, f.candidate) for f in found] == [
        ("labels-not-integers", ERROR, "a")
    ]
    assert found[0].remedies == ()


def test_probabilities_can_be_turned_into_a_mask(other: np.ndarray) -> None:
    probability = np.where(other > 0, 0.9, 0.5).astype(np.float32)
    probability[0, 0] = 0.0
    comparison = labels(discs(), probability, task=Task.FOREGROUND)
    found = by_code(preflight(comparison))["labels-not-integers"]
    assert (found.severity, remedies(found)) == (ERROR, ["threshold-half"])
    accepted = accepting(comparison, "threshold-half")
    assert by_code(preflight(accepted))["threshold-half"].severity is INFO
    mask = read(apply_decisions(accepted).predictions[0])
    assert mask.dtype == bool
    assert np.array_equal(mask, other > 0)  # exactly 0.5 is not above it


def test_thresholding_leaves_ids_stored_as_floats_alone(other: np.ndarray) -> None:
    comparison = accepting(labels(discs().astype(np.float32), other), "threshold-half")
    assert apply_decisions(comparison).ground_truth is comparison.ground_truth
    found = preflight(comparison)
    assert [(f.code, f.severity, f.candidate) for f in found] == [("float-labels", INFO, None)]


def test_nan_in_labels_is_refused(other: np.ndarray) -> None:
    holes = other.astype(float)
    holes[3, 3:5] = np.nan
    found = preflight(labels(discs(), holes))
    assert [(f.code, f.severity) for f in found] == [("not-finite", ERROR)]
    assert "2 pixels that are NaN" in found[0].message


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float32])
def test_negative_ids_can_be_made_background(other: np.ndarray, dtype: Any) -> None:
    marked = other.astype(dtype)
    marked[:2] = -3
    comparison = labels(discs(), marked)
    found = by_code(preflight(comparison))["negative-ids"]
    assert (found.severity, remedies(found)) == (WARNING, ["negative-to-background"])
    assert "80 pixels with ids below 0 (down to -3)" in found.message
    accepted = accepting(comparison, "negative-to-background")
    found_then = by_code(preflight(accepted))
    assert "negative-ids" not in found_then
    assert found_then["negative-to-background"].severity is INFO
    result = read(apply_decisions(accepted).predictions[0])
    assert result.dtype == dtype
    assert np.array_equal(result, np.where(marked < 0, 0, marked))


@pytest.mark.parametrize("largest", [2**41, 2**63 + 5, 2**64 - 1])
def test_huge_ids_are_ids(other: np.ndarray, largest: int) -> None:
    huge = other.astype(np.uint64)
    huge[huge == 1] = largest
    assert preflight(labels(discs(), huge)) == []
    assert scan_labels(Input("a", huge, "yx")).ids[-1] == largest


# ---- nothing there


def test_labels_without_an_object_are_told_of(other: np.ndarray) -> None:
    zero = np.zeros_like(other)

    def empty(truth: np.ndarray, prediction: np.ndarray) -> list[tuple[str | None, str]]:
        found = preflight(labels(truth, prediction))
        assert {(f.code, f.severity) for f in found} == {("empty", WARNING)}
        return [(f.candidate, f.message) for f in found]

    [(name, text)] = empty(zero, other)
    assert name is None
    assert "recall is undefined" in text
    [(name, text)] = empty(discs(), zero)
    assert name == "a"
    assert "precision is undefined" in text
    both = empty(zero, zero)
    assert [n for n, _ in both] == [None, "a"]
    assert "every score is undefined" in both[1][1]


# ---- masks, objects, classes


@pytest.mark.parametrize("mask_of", [lambda v: v > 0, lambda v: (v > 0).astype(np.uint8) * 255])
def test_a_mask_where_objects_are_expected_has_two_ways_out(
    other: np.ndarray, mask_of: Any
) -> None:
    comparison = labels(discs(), mask_of(other))
    found = preflight(comparison)
    assert [(f.code, f.severity, f.candidate) for f in found] == [
        ("mask-as-instances", WARNING, "a")
    ]
    assert "3 separate pieces" in found[0].message
    assert remedies(found[0]) == ["label-components", "as-masks"]

    labelled = accepting(comparison, "label-components")
    assert [(f.code, f.severity) for f in preflight(labelled)] == [("label-components", INFO)]
    resolved = apply_decisions(labelled)
    assert resolved.ground_truth is comparison.ground_truth
    ids = resolved.predictions[0].data
    assert set(np.unique(ids)) == {0, 1, 2, 3}
    assert np.array_equal(ids > 0, other > 0)

    masks = accepting(comparison, "as-masks")
    assert apply_decisions(masks).task is Task.FOREGROUND
    assert [(f.code, f.severity) for f in preflight(masks)] == [("as-masks", INFO)]


def test_a_single_object_is_no_mask() -> None:
    one = (discs() == 1).astype(np.uint8)
    found = preflight(labels(one, np.roll(one, 1, axis=1)))
    assert found == []


def test_components_touch_at_corners_over_z_but_not_over_t() -> None:
    mask = np.zeros((2, 4, 4), bool)
    mask[0, 0, 0] = mask[0, 1, 1] = mask[1, 2, 2] = True
    in_3d = apply_decisions(labels(mask, mask, axes="zyx", decisions=("label-components",)))
    assert in_3d.ground_truth.data.max() == 1
    over_t = apply_decisions(labels(mask, mask, axes="tyx", decisions=("label-components",)))
    assert [frame.max() for frame in over_t.ground_truth.data] == [1, 1]
    mask[1, 0, 3] = True
    over_t = apply_decisions(labels(mask, mask, axes="tyx", decisions=("label-components",)))
    assert [frame.max() for frame in over_t.ground_truth.data] == [1, 2]


def test_objects_where_a_mask_is_expected_count_as_foreground(other: np.ndarray) -> None:
    found = preflight(labels(discs(), other > 0, task=Task.FOREGROUND))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("labels-as-mask", INFO, None)]
    assert "4 ids" in found[0].message


def test_many_classes_look_like_objects(other: np.ndarray) -> None:
    many = np.arange(1600).reshape(40, 40) // 26
    comparison = labels(discs(), many, task=Task.SEMANTIC)
    found = preflight(comparison)
    assert [(f.code, f.severity) for f in found] == [("many-classes", WARNING)]
    assert remedies(found[0]) == ["as-instances"]
    assert apply_decisions(accepting(comparison, "as-instances")).task is Task.INSTANCES
    assert preflight(labels(discs(), other, task=Task.SEMANTIC)) == []


def test_ids_in_pieces_are_told_of(other: np.ndarray) -> None:
    torn = discs()
    torn[torn == 4] = 1
    found = preflight(labels(torn, other))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("disconnected", INFO, None)]
    assert "1 id in several separate pieces" in found[0].message


# ---- identical


def test_identical_labels_are_told_of(other: np.ndarray) -> None:
    found = preflight(labels(discs(), other, discs().astype(np.int64)))
    assert [(f.code, f.severity, f.candidate) for f in found] == [("identical", WARNING, "b")]
    moved = np.roll(discs(), 1, axis=1)
    assert preflight(labels(discs(), moved)) == []


# ---- how it is read


@settings(deadline=None, max_examples=60)
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int32, np.uint64, np.bool_]),
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
    )
)
def test_ids_are_those_numpy_finds(block: np.ndarray) -> None:
    facts = facts_of(block)
    values = np.unique(block)
    assert np.array_equal(facts.ids, values[values != 0])
    assert facts.negative == np.count_nonzero(block.astype(object) < 0)
    assert facts.fractional == facts.not_finite == 0


def test_floats_are_counted_by_what_is_wrong_with_them() -> None:
    facts = facts_of(np.array([[[0, 1.5, -2, np.nan, np.inf, -np.inf, -0.5, 3]]]))
    assert (facts.fractional, facts.not_finite, facts.negative) == (2, 3, 3)


def test_stacks_are_read_frame_by_frame_from_lazy_arrays(other: np.ndarray) -> None:
    stack = np.stack([discs(), discs() * 2, discs() * 3])
    lazy = OnlySlices(stack)
    assert preflight(labels(lazy, np.roll(stack, 1, axis=1), axes="tyx")) == []
    assert lazy.read <= 2 * stack.size + other.size
    facts = scan_labels(Input("a", stack, "tyx"))
    assert facts.ids.tolist() == [1, 2, 3, 4, 6, 8, 9, 12]


def test_a_set_token_stops_it(other: np.ndarray) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        preflight(labels(discs(), other), token)


@pytest.mark.parametrize(
    "decision", ["", "label-components", "negative-to-background", "threshold-half", "as-masks"]
)
def test_inputs_are_unchanged_byte_for_byte(other: np.ndarray, decision: str) -> None:
    signed = discs().astype(np.int32)
    signed[0] = -1
    probability = (other > 0) * np.float32(0.7)
    comparison = accepting(labels(signed, other > 0, probability), decision)
    for item in (comparison.ground_truth, *comparison.predictions):
        item.data.flags.writeable = False
    before = fingerprint(comparison)
    preflight(comparison)
    for item in apply_decisions(comparison).predictions:
        read(item)
    assert fingerprint(comparison) == before


def test_real_labels_have_nothing_odd(read_shared: Any) -> None:
    names = ["gt_labels", "prediction_unet_cc", "prediction_unet_watershed"]
    truth, *predictions = (read_shared(f"dsb2018/{n}.ome.tif") for n in names)
    assert {f.severity for f in preflight(labels(truth, *predictions))} <= {INFO}
    probability = read_shared("dsb2018/probability_unet.ome.tif")
    found = by_code(preflight(labels(truth, probability)))["labels-not-integers"]
    assert remedies(found) == ["threshold-half"]
    resolved = labels(truth, probability, decisions=("threshold-half", "label-components"))
    ids = apply_decisions(resolved).predictions[0].data
    assert np.array_equal(ids > 0, predictions[0] > 0)
    assert ids.max() == predictions[0].max() == 72
