"""Tiles are wanted more where there is more to find."""

from __future__ import annotations

import numpy as np
import pytest

from cases import missed_and_extra
from napari_verdict.annotation.priorities import priorities
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.engine.cancel import Cancelled, CancelToken

IMAGE = TiledImage("image", "yx", (20, 30))
GRID = Grid((IMAGE,), 10)


def wanted(priority, *data, grid=GRID, axes="yx", **options):
    inputs = [Input(n, d, axes) for n, d in zip("ab", data, strict=False)]
    return complete(priorities(grid, priority, {"image": inputs}, **options))


def by_place(weights, grid=GRID):
    return {grid.tile(k).box[2::2]: w for k, w in enumerate(weights)}


def test_density_counts_the_objects_that_touch_a_tile():
    labels = np.zeros((20, 30), int)
    labels[2:5, 2:5], labels[6:9, 2:5], labels[4:7, 8:12] = 1, 2, 3
    found = by_place(wanted("density", labels))
    assert found[(0, 0)] == 3
    assert found[(0, 10)] == 1
    assert sum(found.values()) == 4


def test_disagreement_counts_objects_without_a_partner():
    case = missed_and_extra()
    found = by_place(wanted("disagreement", case.ground_truth, case.prediction, margin=(0, 8, 8)))
    assert found[(0, 0)] == 1
    assert found[(10, 20)] == 1
    assert sum(found.values()) == 2
    assert not wanted("disagreement", case.prediction, case.prediction).any()


def test_low_confidence_is_where_probabilities_are_near_a_half():
    p = np.zeros((20, 30), np.float32)
    p[:10, :10], p[:10, 10:20], p[10:, 20:] = 0.5, 0.9, 1.0
    p[0, 0] = np.nan
    found = by_place(wanted("low confidence", p))
    assert found[(0, 0)] == pytest.approx(99)
    assert found[(0, 10)] == pytest.approx(20, rel=1e-5)
    assert found[(10, 20)] == found[(10, 0)] == 0


def test_disagreement_is_between_the_first_two_predictions_whatever_others_there_are():
    case = missed_and_extra()
    third = Input("c", np.zeros((20, 30), int), "yx")
    inputs = [Input("a", case.ground_truth, "yx"), Input("b", case.prediction, "yx"), third]
    found = complete(priorities(GRID, "disagreement", {"image": inputs}, margin=(0, 8, 8)))
    assert found.sum() == 2


def test_what_reads_an_image_is_called_once_for_each():
    images = tuple(TiledImage(f"i{k}", "tyx", (2, 20, 20), "ba"[k % 2]) for k in range(3))
    grid, asked = Grid(images, 10, by=("t",)), []

    def read(name):
        asked.append(name)
        labels = np.zeros((2, 20, 20), int)
        labels[0, 2:5, 2:5] = 1 + images.index(next(i for i in images if i.name == name))
        return [Input("a", labels, "tyx")]

    found = complete(priorities(grid, "density", read))
    assert sorted(asked) == ["i0", "i1", "i2"]
    hits = [grid.tile(k) for k in np.flatnonzero(found)]
    assert [(t.frame, t.box[2::2]) for t in hits] == [((0,), (0, 0))] * 3
    assert {t.image for t in hits} == {"i0", "i1", "i2"}


def test_confidence_is_that_of_the_frame():
    p = np.ones((2, 3, 20, 30), np.float32)
    p[1, 2, 10:, :10] = 0.5
    grid = Grid((TiledImage("image", "tcyx", p.shape),), 10)
    found = wanted("low confidence", p, grid=grid, axes="tcyx")
    tile = grid.tile(int(found.argmax()))
    assert found.sum() == 100
    assert (tile.frame, tile.box) == ((1, 2), (0, 1, 10, 20, 0, 10))


def test_frames_are_looked_at_each_by_itself():
    labels = np.zeros((2, 3, 20, 30), int)
    labels[1, 2, 5:8, 5:8] = 4
    grid = Grid((TiledImage("image", "tzyx", labels.shape),), 10)
    found = wanted("density", labels, grid=grid, axes="tzyx")
    tile = grid.tile(int(found.argmax()))
    assert found.sum() == 1
    assert (tile.frame, tile.box) == ((1,), (2, 3, 0, 10, 0, 10))


def test_they_make_tiles_likelier_to_be_drawn():
    labels = np.zeros((20, 30), int)
    labels[2:5, 2:5] = 1
    plan = draw_tiles(
        GRID, 6, margin=(0, 0, 0), seed=0, priorities=wanted("density", labels), priority="density"
    )
    shares = {t.box[2::2]: t.share for t in plan.tiles}
    assert shares[(0, 0)] == pytest.approx(0.5 / 6 + 0.5)
    assert shares[(10, 0)] == pytest.approx(0.5 / 6)


def test_work_can_be_stopped_and_says_how_far_it_is():
    labels = np.zeros((200, 300), int)
    grid = Grid((TiledImage("image", "yx", labels.shape),), 10)
    token = CancelToken()
    steps = priorities(grid, "density", {"image": [Input("a", labels, "yx")]}, token=token)
    assert next(steps) == Progress(32, 600, "looking at tiles")
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    steps = priorities(grid, "density", {"image": [Input("a", labels, "yx")]})
    assert [p.done for p in steps] == [*range(32, 600, 32), 600]


@pytest.mark.parametrize(
    ("priority", "data", "said"),
    [
        ("beauty", [np.zeros((20, 30), int)], "not by 'beauty'"),
        ("disagreement", [np.zeros((20, 30), int)], "takes 2 for each image, but image has 1"),
        ("low confidence", [np.full((20, 30), 7.0)], "probabilities are between 0 and 1"),
        ("low confidence", [np.linspace(0, 1.5, 600).reshape(20, 30)], "values from"),
        ("low confidence", [np.linspace(-0.5, 1, 600).reshape(20, 30)], "values from -0.5"),
    ],
)
def test_what_is_missing_is_said(priority, data, said):
    with pytest.raises(ValueError, match=said):
        wanted(priority, *data)
