"""The places of a restoration that deserve a look."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import shift

from builders import texture
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.restoration.images import ImageResult
from napari_verdict.comparison.restoration.places import RANKINGS, worst_places
from napari_verdict.engine.cancel import Cancelled, CancelToken
from restored import blobs, compare, noisy

SHAPE = (160, 200)


def planted(rng, shape=SHAPE):
    """Ground truth, raw, and a prediction with a bright blob added and a structure erased."""
    g = blobs(rng, shape)
    raw, p = noisy(rng, g, 80), g + rng.normal(0, 20, shape)
    g[..., 100:110, 150:160] = p[..., 100:110, 150:160] = 400
    p[..., 100:110, 150:160] = 10
    p[..., 40:48, 30:38] += 300
    return g, p, raw


def kinds(entries):
    return [entries.kinds[k] for k in entries.kind]


def overlaps(box, other):
    return all(box[k] < other[k + 1] and other[k] < box[k + 1] for k in (0, 2, 4))


ADDED, ERASED = (0, 1, 40, 48, 30, 38), (0, 1, 100, 110, 150, 160)


def first_in(entries, box):
    """The row of the first place that overlaps a box; how many there are if none does."""
    return next((k for k, b in enumerate(entries.box) if overlaps(b, box)), len(entries))


def test_a_blob_that_was_added_and_a_structure_that_was_erased_come_first(rng):
    g, p, raw = planted(rng)
    entries = worst_places(compare(p, g, raw), "prediction")
    rows = first_in(entries, ADDED), first_in(entries, ERASED)
    assert sorted(rows) == [0, 1]
    assert [kinds(entries)[k] for k in rows] == ["too bright", "too dark"]
    assert entries.value_name == "deviation"
    assert entries.value[1] > 3 * entries.value[2]


def test_a_part_that_was_moved_comes_first_and_is_named(rng):
    g = texture((160, 160))
    p = g + rng.normal(0, 10, g.shape)
    p[40:100, 40:100] += (shift(g, (0, 0.7)) - g)[40:100, 40:100]
    entries = worst_places(compare(p, g), "prediction")
    assert kinds(entries)[0] == "moved"
    assert overlaps(entries.box[0], (0, 1, 40, 100, 40, 100))


@pytest.mark.parametrize("by", RANKINGS)
def test_every_ranking_finds_the_erased_structure(rng, by):
    g, p, raw = planted(rng)
    entries = worst_places(compare(p, g, raw), "prediction", by=by)
    assert first_in(entries, ERASED) < 3
    assert (
        np.diff(entries.value) * (1 if by in ("structure", "worse than raw") else -1) >= 0
    ).all()


@pytest.mark.parametrize(
    ("by", "name"), [("structure", "ssim"), ("error", "rse"), ("worse than raw", "gain")]
)
def test_values_are_means_of_the_map_over_the_box(rng, by, name):
    g, p, raw = planted(rng)
    result = compare(p, g, raw)
    entries = worst_places(result, "prediction", by=by)
    field = result.maps["prediction"][name]
    for (_, _, y0, y1, x0, x1), value in zip(entries.box, entries.value, strict=True):
        assert value == pytest.approx(field[y0:y1, x0:x1].mean(), rel=1e-4, abs=1e-6)


def test_intensity_is_how_far_the_mean_is_off_the_candidates_own_line(rng):
    g = rng.random((96, 128)) * 100
    p = 5 + 2 * g
    p[40:60, 60:80] *= 0.7
    result = compare(p, g)
    entries = worst_places(result, "prediction", by="intensity", scale=8)
    slope, zero = np.polyfit(g.ravel(), p.ravel(), 1)
    low, high = np.percentile(g, (0.1, 99.9))
    off = (p - zero - slope * g) / slope / (high - low)
    for (_, _, y0, y1, x0, x1), value in zip(entries.box, entries.value, strict=True):
        assert value == pytest.approx(abs(off[y0:y1, x0:x1].mean()), rel=1e-3)
    assert overlaps(entries.box[0], (0, 1, 40, 60, 60, 80))
    assert entries.kinds[entries.kind[0]] == "too dark"


def test_a_candidate_without_a_line_has_no_places_by_intensity(rng):
    g, p, _ = planted(rng)
    assert len(worst_places(compare(-p, g), "prediction", by="intensity")) == 0


def test_places_are_named_by_their_rank_and_can_be_found_again(rng):
    g, p, _ = planted(rng)
    entries = worst_places(compare(p, g), "prediction", n=7)
    assert len(entries) == 7
    assert entries.key(2) == EntryKey("prediction", "place", (), 3)
    assert entries.find(entries.key(2)) == 2
    assert (entries.size == 256).all()
    np.testing.assert_array_equal(entries.centroid[:, 1], (entries.box[:, 2:4].sum(1) - 1) / 2)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 99),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.integers(1, 40),
    st.sampled_from(sorted(RANKINGS)),
    st.sampled_from([0.0, 0.1, 0.9]),
)
def test_boxes_lie_inside_and_never_overlap_at_any_size(seed, shape, scale, by, invalid):
    rng = np.random.default_rng(seed)
    g = blobs(rng, shape)
    p, raw = noisy(rng, g), noisy(rng, g)
    p[rng.random(shape) < invalid] = np.nan
    entries = worst_places(compare(p, g, raw), "prediction", by=by, scale=scale)
    box = entries.box
    assert (box[:, ::2] >= 0).all()
    assert (box[:, 1::2] <= (1, *shape)).all()
    assert (box[:, 3] - box[:, 2] <= max(1, min(scale, min(shape) // 4))).all()
    assert not any(overlaps(a, b) for a, b in combinations(box.tolist(), 2))
    assert np.isfinite(entries.value).all()
    assert len(entries) <= 50


def test_ignored_and_invalid_pixels_are_no_places(rng):
    g, p, raw = planted(rng)
    ignore = np.zeros(SHAPE, bool)
    ignore[90:120, 140:170] = True
    p[35:52, 25:42] = np.nan
    for by in RANKINGS:
        entries = worst_places(compare(p, g, raw, ignore=ignore), "prediction", by=by, n=5)
        valid = np.isfinite(p) & ~ignore
        for _, _, y0, y1, x0, x1 in entries.box:
            assert valid[y0:y1, x0:x1].mean() >= 0.5
    assert first_in(worst_places(compare(p, g, ignore=ignore), "prediction", n=5), ERASED) == 5


def test_a_perfect_prediction_has_no_worst_places(rng):
    g = blobs(rng, (40, 40))
    result = compare(g.copy(), g, convention="raw-units")
    assert len(worst_places(result, "prediction")) == 0
    assert len(worst_places(result, "prediction", by="error")) == 0


@pytest.mark.parametrize("axes", ["tzyx", "cyxz"])
def test_places_of_stacks_say_which_frame_and_plane(rng, axes):
    g = blobs(rng, (2, 3, 64, 72))
    p = g + rng.normal(0, 20, g.shape)
    p[1, 2, 20:30, 40:50] += 400
    p[0, 1, 50:60, 8:18] += 300
    order = ["tzyx".replace("t", axes[0]).index(a) for a in axes]
    result = compare(p.transpose(order), g.transpose(order), axes=axes)
    entries = worst_places(result, "prediction", n=2)
    found = [(*f, *b) for f, b in zip(entries.frame.tolist(), entries.box.tolist(), strict=True)]
    assert {(f, b[0], b[1]) for f, *b in found} == {(1, 2, 3), (0, 1, 2)}
    assert kinds(entries) == ["too bright"] * 2
    for f, z, _, y0, y1, x0, x1 in found:
        assert np.abs(p - g)[f, z, y0:y1, x0:x1].mean() > 80


def test_what_shows_in_neighbouring_planes_is_one_place(rng):
    g = blobs(rng, (5, 64, 64))
    p = g + rng.normal(0, 20, g.shape)
    p[1:4, 20:30, 40:50] += 400
    entries = worst_places(compare(p, g, axes="zyx"), "prediction", n=4)
    inside = [overlaps(b, (0, 5, 20, 30, 40, 50)) for b in entries.box]
    assert inside == [True, False, False, False]


def test_lazy_maps_have_the_same_places_as_stored_ones(rng):
    da = pytest.importorskip("dask.array")
    g = blobs(rng, (3, 60, 80))
    p, raw = noisy(rng, g, 20), noisy(rng, g, 80)
    p[1, 20:30, 40:50] += 200
    stored = compare(p, g, raw, axes="zyx")
    lazy = compare(*(da.from_array(a, (2, 32, 32)) for a in (p, g, raw)), axes="zyx")
    assert not isinstance(lazy.maps["prediction"]["difference"], np.ndarray)
    for by in RANKINGS:
        here, there = (worst_places(r, "prediction", by=by) for r in (stored, lazy))
        np.testing.assert_array_equal(here.box, there.box)
        np.testing.assert_array_equal(here.value, there.value)
        np.testing.assert_array_equal(here.kind, there.kind)


def test_the_result_stays_as_it_is(rng):
    g, p, raw = planted(rng)
    result = compare(p, g, raw)
    assert isinstance(result, ImageResult)
    before = [np.asarray(m).tobytes() for m in result.maps["prediction"].values()]
    for by in RANKINGS:
        worst_places(result, "prediction", by=by)
    assert [np.asarray(m).tobytes() for m in result.maps["prediction"].values()] == before
    first, again = (worst_places(result, "prediction") for _ in range(2))
    np.testing.assert_array_equal(first.box, again.box)


def test_what_cannot_be_ranked_is_said(rng):
    g, p, _ = planted(rng)
    result = compare(p, g)
    with pytest.raises(ValueError, match="beside a raw image"):
        worst_places(result, "prediction", by="worse than raw")
    with pytest.raises(ValueError, match="there are worst, structure"):
        worst_places(result, "prediction", by="best")
    with pytest.raises(ValueError, match="at least 1"):
        worst_places(result, "prediction", scale=0)
    with pytest.raises(KeyError):
        worst_places(result, "nobody")


@pytest.mark.parametrize("image", ["bpae_actin", "hela_mito"])
def test_artefacts_planted_in_a_real_restoration_are_among_the_first_three(read_shared, image):
    folder = f"denoising/{image}"
    g, p, raw = (
        read_shared(f"{folder}/{name}.ome.tif") for name in ("gt", "prediction_artefact", "raw")
    )
    entries = worst_places(compare(p, g, raw), "prediction")
    boxes = {
        a["kind"]: (0, 1, *(a["box"][k] for k in (0, 2, 1, 3)))
        for a in read_shared(f"{folder}/planted.json")["artefacts"]
    }
    added, erased = (
        first_in(entries, boxes[kind]) for kind in ("hallucinated filament", "erased structure")
    )
    assert added < 3
    assert erased < 3
    assert [kinds(entries)[k] for k in (added, erased)] == ["too bright", "too dark"]
    # a part that was moved by 0.7 px comes next, and is named
    shifted = first_in(entries, boxes["sub-pixel shift"])
    assert shifted < 5
    assert kinds(entries)[shifted] == "moved"


def test_the_search_can_be_stopped(rng):
    g = blobs(rng, (3, 40, 40))
    result = compare(noisy(rng, g), g, axes="zyx")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        worst_places(result, "prediction", token=token)
