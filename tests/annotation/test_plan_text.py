"""A plan is read as it was written, in this version and the one before."""

from __future__ import annotations

import json

import pytest

from napari_verdict.annotation.plan_text import as_row, from_json, of_row, to_json
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import TiledImage

IMAGES = (TiledImage("a", "yx", (256, 256), "x"), TiledImage("b", "tzyx", (2, 6, 256, 200)))
GRID = Grid(IMAGES, 64)


def plan(**options):
    return draw_tiles(GRID, 4, margin=(0, 20, 20), seed=7, **options)


def unequal():
    return plan(priorities=[k % 7 / 3 for k in range(len(GRID))], priority="density")


def test_it_is_read_as_it_was_written():
    for one in (
        plan().finish(0).skip(2, "blurred").by_hand("a", (), (0, 1, 3, 60, 0, 9)),
        unequal().finish(1),
    ):
        again = from_json(to_json(one))
        assert to_json(again) == to_json(one)
        assert [t.place for t in again.tiles] == [t.place for t in one.tiles]
        assert again.weights == one.weights  # to the last bit
        assert [t.state for t in again.tiles] == [t.state for t in one.tiles]


def test_the_text_of_a_plan_whose_tiles_changed_has_the_same_chances():
    one = unequal()
    first, second = (json.loads(to_json(p)) for p in (one, one.finish(0)))
    assert first["weights"] == second["weights"]
    assert first["tiles"][0]["state"] != second["tiles"][0]["state"]
    other = plan(priorities=range(len(GRID)), priority="density")
    assert json.loads(to_json(other))["weights"] != first["weights"]


def test_what_the_first_version_wrote_is_read():
    one = unequal().finish(0)
    old = json.loads(to_json(one)) | {"version": 1, "weights": list(one.weights)}
    assert from_json(json.dumps(old, indent=1)) == one


def test_a_tile_is_read_as_it_was_written():
    for tile in (*unequal().finish(0).tiles, *plan().skip(0, "blurred").tiles):
        assert of_row(json.loads(json.dumps(as_row(tile)))) == tile


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": 3'])
def test_what_is_no_list_of_tiles_is_said(text):
    with pytest.raises(ValueError, match="no list of tiles"):
        from_json(text)


def test_chances_that_are_torn_are_no_list_of_tiles():
    torn = json.dumps(json.loads(to_json(unequal())) | {"weights": "AAA*"})
    with pytest.raises(ValueError, match="no list of tiles"):
        from_json(torn)


def test_a_later_version_is_said():
    later = json.dumps(json.loads(to_json(plan())) | {"version": 99})
    with pytest.raises(ValueError, match="later version"):
        from_json(later)
