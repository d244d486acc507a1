"""Tiles are proposed so that each holds a few objects."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.annotation.sampling import Grid
from napari_verdict.annotation.tile_size import proposed_tiles
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.model import Input


def dots(shape, step, deep=1):
    """Objects of one label each at every step along y and x, through some planes."""
    labels = np.zeros(shape, np.uint16)
    k = 0
    for z in range(0, shape[0], deep + 2):
        for y in range(step // 2, shape[1], step):
            for x in range(step // 2, shape[2], step):
                k += 1
                labels[z : z + deep, y : y + 4, x : x + 4] = k
    return labels


@pytest.mark.parametrize("step", [20, 37, 60])
def test_a_tile_holds_five_to_twenty_of_the_predicted_objects(step):
    labels = dots((1, 500, 380), step)[0]
    proposed = proposed_tiles(Input("a", labels, "yx"), [Input("model", labels, "yx")])
    grid = Grid((TiledImage("a", "yx", labels.shape),), proposed.size)
    held = []
    for k in range(len(grid)):
        _, _, y0, y1, x0, x1 = grid.tile(k).box
        held.append(len(np.unique(labels[y0:y1, x0:x1])) - 1)
    assert 5 <= np.median(held) <= 20
    assert "predicted objects" in proposed.sentence
    assert proposed.depth == 1


def test_objects_through_several_planes_are_labelled_in_3d():
    labels = dots((30, 120, 120), 20, deep=6)
    proposed = proposed_tiles(Input("a", labels, "zyx"), [Input("model", labels, "zyx")])
    assert proposed.depth == 6
    assert "through about 6 planes" in proposed.sentence
    flat = dots((30, 120, 120), 20, deep=1)
    assert proposed_tiles(Input("a", flat, "zyx"), [Input("model", flat, "zyx")]).depth == 1


def test_without_objects_the_size_of_a_pixel_decides_else_the_size_of_the_image():
    raw = np.zeros((900, 1200), np.uint16)
    known = Input("a", raw, "yx", (0.5, 0.5), units=("micrometer", "micrometer"))
    assert proposed_tiles(known, []).size == 200
    assert "µm wide" in proposed_tiles(known, []).sentence
    unknown = Input("a", raw, "yx")
    nothing = Input("model", raw, "yx")
    assert proposed_tiles(unknown, [nothing]).size == 224
    assert "A quarter of the image" in proposed_tiles(unknown, [nothing]).sentence


def test_small_images_are_one_tile():
    labels = dots((1, 24, 24), 12)[0]
    assert proposed_tiles(Input("a", labels, "yx"), [Input("m", labels, "yx")]).size == 24
