"""Colours hold for colour-blind eyes, and letters tell classes apart without them."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from skimage.color import rgb2lab

from napari_verdict.comparison.objects.overlays import Code
from napari_verdict.viewer.palette import AGREEMENT, CLASSES, NOT_LABELLED, SIGN

# Machado, Oliveira & Fernandes 2009, doi 10.1109/TVCG.2009.113, severity 1, linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour: str, vision: str) -> np.ndarray:
    """CIE Lab of a colour as it is seen."""
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(VISION[vision]) @ linear, 0, 1)
    srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rgb2lab(srgb[None, None])[0, 0]


@pytest.mark.parametrize("vision", VISION)
def test_classes_stay_far_apart(vision):
    for a, b in combinations((*CLASSES, NOT_LABELLED), 2):
        # 2.3 is a just noticeable difference
        assert np.linalg.norm(lab(a.colour, vision) - lab(b.colour, vision)) > 35, (a, b)


@pytest.mark.parametrize("vision", VISION)
def test_agreement_grows_lighter_without_a_break(vision):
    lightness = [lab(c, vision)[0] for c in AGREEMENT]
    assert all(b - a > 10 for a, b in pairwise(lightness))


@pytest.mark.parametrize("vision", VISION)
def test_signs_differ_and_zero_is_dark(vision):
    low, zero, high = (lab(SIGN[i], vision) for i in (0, 2, -1))
    assert np.linalg.norm(low - high) > 35
    assert zero[0] < 10 < min(low[0], high[0]) - 40


def test_codes_are_those_of_the_overlays():
    assert [c.code for c in (*CLASSES, NOT_LABELLED)] == [int(c) for c in Code]


def test_letters_are_unique():
    assert len({c.letters for c in (*CLASSES, NOT_LABELLED)}) == len(CLASSES) + 1
