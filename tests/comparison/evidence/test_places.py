"""Places: boxed around what contradicts, and one for each."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dim import blob
from napari_verdict.comparison.evidence.places import (
    LEAST,
    MOST,
    Place,
    apart,
    entries_from,
    places_in,
)


def test_a_box_holds_what_is_above_half_of_its_peak():
    image = (-12 * blob((120, 120), 60, 50, 8.0)).astype(np.float32)
    (place,) = places_in(image, -5, 5, slice(0, 120), 100, ((2,), 3))
    half = 8 * np.sqrt(2 * np.log(2))
    assert place.peak == (160, 50)
    assert place.box == (160 - int(half), 161 + int(half), 50 - int(half), 51 + int(half))
    assert (place.frame, place.z, place.height) == ((2,), 3, -12)


def test_boxes_stay_within_the_image_and_their_limits():
    image = np.full((70, 200), 9, np.float32)
    image[3, 100] = 10
    place = places_in(image, -5, 5, slice(0, 70), 0, ((), 0))[0]
    assert place.box == (0, 3 + MOST + 1, 100 - MOST, 100 + MOST + 1)
    point = np.zeros((40, 40), np.float32)
    point[20, 2] = 7
    (place,) = places_in(point, -5, 5, slice(0, 40), 0, ((), 0))
    assert place.box == (20 - LEAST, 20 + LEAST + 1, 0, 2 + LEAST + 1)


def test_only_peaks_of_the_wanted_rows_are_taken():
    image = np.zeros((60, 40), np.float32)
    image[10, 5] = image[30, 5] = 9
    assert [p.peak for p in places_in(image, -5, 5, slice(20, 40), 0, ((), 0))] == [(30, 5)]


def test_no_place_is_left_out_however_many_there_are():
    image = np.zeros((600, 600), np.float32)
    image[10::20, 10::20] = 9
    assert len(places_in(image, -5, 5, slice(0, 600), 0, ((), 0))) == 900


def test_neighbouring_planes_and_overlapping_boxes_are_one_place():
    def place(z, y, x, height):
        return Place((), z, (y - 8, y + 9, x - 8, x + 9), (y, x), height)

    strongest = place(1, 50, 50, 20.0)
    others = [place(2, 52, 50, 12.0), place(1, 60, 50, 9.0), place(1, 45, 55, -8.0)]
    beside, deeper = place(1, 63, 50, -10.0), place(4, 50, 50, 6.0)
    assert apart([*others, deeper, strongest, beside]) == [strongest, beside, deeper]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_kept_boxes_of_one_sign_never_overlap_and_come_strongest_first(seed, n):
    rng = np.random.default_rng(seed)
    places = []
    for y, x in rng.integers(0, 150, (n, 2)).tolist():
        a, b, c, d = rng.integers(LEAST, MOST, 4).tolist()
        height = float(rng.normal(0, 9))
        places.append(Place((), 0, (y - a, y + b, x - c, x + d), (y, x), height))
    kept = apart(places)
    heights = [abs(p.height) for p in kept]
    assert heights == sorted(heights, reverse=True)
    for i, p in enumerate(kept):
        for q in kept[:i]:
            if (p.height > 0) == (q.height > 0):
                a, b = p.box, q.box
                assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]


def test_no_place_is_an_empty_list():
    entries = entries_from("a", (), 1)
    assert len(entries) == 0
    assert entries.box.shape == (0, 6)
    assert entries.frame.shape == (0, 1)
