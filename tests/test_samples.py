"""The samples are what they say: seeded, in camera units, restored and segmented for real."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_verdict import samples


@pytest.fixture(
    scope="module",
    params=["denoising_triplet", "denoising_without_truth", "segmentation_pair"],
)
def twice(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    make = getattr(samples, request.param)
    return make(), make()


def arrays(sample: Any) -> list[np.ndarray]:
    beside = sample["ground_truth"] if "ground_truth" in sample else sample["capture"]
    return [sample["raw"], beside, *sample["predictions"].values()]


def test_a_sample_is_the_same_at_every_call(twice):
    for a, b in zip(arrays(twice[0]), arrays(twice[1]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_all_arrays_of_a_sample_have_one_shape_and_hold_something(twice):
    for a in arrays(twice[0]):
        assert a.shape == (samples.SIZE, samples.SIZE)
        assert np.isfinite(a).all()
        assert a.min() < a.max()


def test_the_camera_adds_its_offset_and_does_not_saturate(twice):
    raw = twice[0]["raw"]
    assert raw.dtype == np.uint16
    assert 80 < raw.min() < 110
    assert raw.max() < 65535


def test_ground_truth_of_the_triplet_has_much_less_noise_than_raw():
    sample = samples.denoising_triplet()
    corner = np.s_[:40, :40]  # outside the cell, light is even there
    relative = [(a[corner].std() / (a[corner].mean() - 100)) for a in arrays(sample)[:2]]
    assert relative[1] < 0.25 * relative[0]


def test_restorations_differ_in_worth():
    sample = samples.denoising_triplet()
    truth = sample["ground_truth"].astype(float).ravel()
    r = {k: np.corrcoef(p.ravel(), truth)[0, 1] for k, p in sample["predictions"].items()}
    raw = np.corrcoef(sample["raw"].ravel(), truth)[0, 1]
    assert r["non-local means"] > raw
    assert r["non-local means"] > r["Gaussian, σ 3"]


def test_what_was_made_up_and_erased_differs_from_the_careful_prediction_there_alone():
    sample = samples.denoising_without_truth()
    careful, inventive = sample["predictions"].values()
    difference = inventive - careful
    y, x = np.indices(difference.shape)
    far = np.ones(difference.shape, bool)
    for (row, column), sign in ((sample["made_up"], 1), (sample["erased"], -1)):
        near = np.hypot(y - row, x - column) < 40
        far &= ~near
        assert (sign * difference[near]).max() > 10
    assert np.abs(difference[far]).max() < 0.01


def test_the_second_capture_is_of_the_same_field_with_noise_of_its_own():
    sample = samples.denoising_without_truth()
    np.testing.assert_array_equal(sample["raw"], samples.denoising_triplet()["raw"])
    difference = sample["capture"].astype(float) - sample["raw"]
    assert abs(difference.mean()) < 0.1
    assert difference.std() > 5


def test_nuclei_are_whole_and_some_touch():
    from scipy import ndimage

    truth = samples.segmentation_pair()["ground_truth"]
    ids = np.unique(truth)[1:]
    assert len(ids) > 80
    assert all(ndimage.label(truth == k)[1] == 1 for k in ids)
    assert ndimage.label(truth > 0)[1] < 0.9 * len(ids)


def test_the_watershed_finds_more_objects_than_components_do():
    sample = samples.segmentation_pair()["predictions"]
    assert sample["Otsu, watershed"].max() > sample["Otsu, components"].max() > 0
