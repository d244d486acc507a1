"""What a person asks for becomes a plan, with a margin that the predicted objects need."""

from __future__ import annotations

import numpy as np
import pytest

from napari_verdict.annotation.planning import LOOKED_AT, Wanted, planning, spread
from napari_verdict.annotation.sampling import Grid, draw_more
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken

IMAGES = (TiledImage("a", "yx", (128, 128)), TiledImage("b", "yx", (128, 96)))


def labels_of(width, shape=(128, 128)):
    data = np.zeros(shape, np.uint16)
    data[..., 10:14, 10 : 10 + width] = 1
    return Input("model", data, "zyx"[-len(shape) :])


def planned(images=IMAGES, predictions=lambda name: (), token=None, **options):
    asked = {"size": 32, "depth": 1, "number": 5, "seed": 3} | options
    return complete(planning(Wanted(images, predictions, **asked), token or CancelToken()))


def test_tiles_are_drawn_as_they_would_be_without_a_window():
    plan = planned()
    assert len(plan.tiles) == 5
    assert (plan.margin, plan.seed, plan.size, plan.depth) == ((0, 8, 8), 3, 32, 1)
    assert plan.population == 16 + 12
    assert (plan.priority, plan.weights) == ("", ())


def test_tiles_by_hand_begin_with_a_plan_that_more_can_be_drawn_from():
    plan = planned(number=0)
    assert (plan.tiles, plan.population, plan.by) == ((), 28, ("image",))
    assert planned(IMAGES[:1], number=0).by == ()
    assert draw_more(plan, 5) == planned()
    other = planned(number=0, by=("z", "image"), seed=9)
    assert (other.by, other.seed) == (("image",), 9)


def test_the_margin_is_the_largest_that_any_prediction_of_any_image_needs():
    read = {"a": (labels_of(20),), "b": (labels_of(4), labels_of(40))}
    assert planned(predictions=read.__getitem__).margin == (0, 30, 30)
    stack = (TiledImage("a", "zyx", (6, 128, 128)),)
    deep = labels_of(20, (6, 128, 128))
    assert planned(stack, lambda name: (deep,)).margin == (0, 15, 15)
    assert planned(stack, lambda name: (deep,), depth=2).margin == (5, 15, 15)


def test_a_few_images_spread_over_all_are_looked_at():
    many = tuple(TiledImage(f"i{k}", "yx", (32, 32)) for k in range(20))
    asked = []
    planned(many, lambda name: asked.append(name) or ())
    assert asked == [i.name for i in spread(many)]
    numbers = [int(name[1:]) for name in asked]
    assert len(numbers) == LOOKED_AT
    assert numbers[0] == 0
    assert set(np.diff(numbers)) <= {2, 3}
    assert spread(many[:3]) == many[:3]


def test_chances_follow_what_is_asked_for():
    read = {"a": (labels_of(20),), "b": (labels_of(20, (128, 96)),)}
    plan = planned(predictions=read.__getitem__, priority="density")
    assert plan.priority == "density"
    assert len(plan.weights) == 28
    assert max(plan.weights) > 2 * min(plan.weights)
    unsure = Input("p", np.pad(np.full((32, 32), 0.5), (0, 96)), "yx")
    plan = planned(IMAGES[:1], priority="low confidence", confidence=unsure)
    grid = Grid(IMAGES[:1], 32)
    assert grid.tile(int(np.argmax(plan.weights))).box == (0, 1, 0, 32, 0, 32)
    with pytest.raises(ValueError, match="takes 1 for each image"):
        planned(IMAGES[:1], priority="low confidence")


def test_objects_across_tiles_are_compared_whole_where_chances_follow_disagreement():
    one, other = labels_of(36), labels_of(36)
    shifted = Input("other", np.roll(other.data, 1, axis=1), "yx")
    with pytest.raises(ValueError, match="takes 2"):
        planned(IMAGES[:1], lambda name: (one,), priority="disagreement")
    plan = planned(IMAGES[:1], lambda name: (one, shifted), priority="disagreement")
    assert plan.weights == pytest.approx([1 / 16] * 16)


def test_it_can_be_stopped_before_a_prediction_is_read():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        planned(predictions=lambda name: (labels_of(4),), token=token)
