"""Outlines run along pixel edges, in as few lines as they need."""

from __future__ import annotations

import numpy as np

from napari_verdict.viewer.outlines import box_outline, outline


def length(lines):
    return np.abs(lines[:, 1]).sum()


def test_a_square_has_four_lines_around_it():
    mask = np.zeros((1, 6, 6), bool)
    mask[0, 2:5, 1:4] = True
    lines = outline(mask)
    assert len(lines) == 4
    assert length(lines) == 12
    ends = np.concatenate([lines[:, 0], lines.sum(axis=1)])
    assert (ends.min(axis=0).tolist(), ends.max(axis=0).tolist()) == ([0, 1.5, 0.5], [0, 4.5, 3.5])


def test_a_mask_that_touches_the_border_is_closed():
    assert length(outline(np.ones((1, 3, 4), bool))) == 14


def test_every_plane_and_every_hole_is_traced(rng):
    mask = rng.random((3, 9, 11)) > 0.4
    inside = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    edges = (inside[:, 1:] != inside[:, :-1]).sum() + (inside[:, :, 1:] != inside[:, :, :-1]).sum()
    assert length(outline(mask)) == edges


def test_dashes_leave_a_part_out():
    mask = np.ones((1, 40, 40), bool)
    assert 0.4 < length(outline(mask, dashed=True)) / length(outline(mask)) < 0.6


def test_an_empty_mask_has_no_outline():
    assert outline(np.zeros((2, 5, 5), bool)).shape == (0, 2, 3)


def test_a_box_has_a_rectangle_in_every_plane_and_edges_in_depth():
    assert len(box_outline([-0.5, 0, 0], [0.5, 4, 5])) == 4
    deep = box_outline([-0.5, 0, 0], [2.5, 4, 5])
    assert len(deep) == 3 * 4 + 4
    assert sorted(set(deep[:, 0, 0])) == [0, 1, 2]
