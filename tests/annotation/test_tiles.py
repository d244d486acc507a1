"""A list of tiles knows how each was chosen and what became of it."""

from __future__ import annotations

import math

import pytest

from napari_verdict.annotation.plan_text import from_json, to_json
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import DRAWN_TOO, REALLY_EMPTY, Draw, State, TiledImage

IMAGES = (TiledImage("a", "yx", (256, 256), "x"), TiledImage("b", "tzyx", (2, 6, 256, 200)))


def plan(**options):
    depth = options.pop("depth", 1)
    drawing = {"n": 4, "margin": (0, 20, 20), "seed": 7} | options
    return draw_tiles(Grid(IMAGES, 64, depth), **drawing)


def test_changes_give_new_plans():
    one = plan()
    two = one.finish(0).skip(1, " out of focus ").finish(2)
    assert [t.state for t in one.tiles] == [State.OPEN] * 4
    assert [t.state for t in two.tiles] == ["finished", "skipped", "finished", "open"]
    assert two.tiles[1].reason == "out of focus"
    assert two.reopen(0).reopen(1).reopen(2) == one


def test_a_tile_is_not_skipped_without_a_reason():
    with pytest.raises(ValueError, match="say why"):
        plan().skip(0, "  ")


def test_the_next_open_tile_comes_after_the_last_and_then_from_the_start():
    two = plan().finish(1)
    assert [two.next_open(k) for k in (-1, 0, 1, 3)] == [0, 2, 2, 0]
    assert two.finish(0).finish(2).finish(3).next_open() is None


def test_open_tiles_of_an_image_are_skipped_together_for_a_reason():
    one = plan(n=12).finish(0)
    two = one.skip_open({"b": "cannot be read"})
    for before, after in zip(one.tiles, two.tiles, strict=True):
        gone = before.image == "b" and before.state is State.OPEN
        assert after.state is (State.SKIPPED if gone else before.state)
        assert after.reason == ("cannot be read" if gone else "")
    assert one.skip_open({}) == one


def test_finished_tiles_are_found_where_something_was_painted():
    one = plan(n=160)  # all there are
    tiles = one.tiles
    k = next(k for k, t in enumerate(tiles) if t.image == "b" and t.frame == (1,))
    image, frame, (z0, z1, y0, y1, _, x) = tiles[k].place
    done = one.finish(k).skip(0 if k else 1, "blurred")
    inside, beside = (z0, z1, y0, y1, x - 1, x), (z0, z1, y0, y1, x, x + 12)
    far, other = (z0, z1, y0, y1, x + 20, x + 32), (z1, z1 + 1, y0, y1, x - 1, x)
    for box, met, near in (
        (inside, True, True), (beside, False, True), (far, False, False), (other, False, False)
    ):  # fmt: skip
        assert done.finished_at(image, frame, box, margin=False) == ((k,) if met else ())
        assert done.finished_at(image, frame, box, margin=True) == ((k,) if near else ())
    assert done.finished_at(image, (0,), inside, margin=True) == ()
    assert done.finished_at("a", frame, inside, margin=True) == ()
    assert one.finished_at(image, frame, inside, margin=True) == ()


def test_tiles_are_added_once():
    one, more = plan(n=4), plan(n=8)
    finished = one.finish(1)
    assert finished.with_more(more.tiles).tiles == (*finished.tiles, *more.tiles[4:])
    assert more.with_more(more.tiles) == more


@pytest.mark.parametrize("state", ["open", "finished", "skipped"])
def test_what_became_of_a_tile_by_hand_holds_for_it_once_it_is_drawn(state):
    order = plan(n=6).tiles
    one = plan(n=4).by_hand(*order[4].place)
    one = {"open": one, "finished": one.finish(4, empty=True), "skipped": one.skip(4, "blurred")}[
        state
    ]
    said = {"open": "", "finished": REALLY_EMPTY, "skipped": "blurred"}[state]
    more = one.with_more(order[4:])
    assert (more.tiles[5].state, more.tiles[5].reason) == (state, said)
    assert (more.tiles[4].state, more.tiles[4].reason) == ("skipped", DRAWN_TOO)
    assert [t.place for t in more.drawn] == [t.place for t in order]
    assert more.with_more(order) == more
    # as it is kept: first that the one by hand is skipped, then what was added
    kept = one.skip(4, DRAWN_TOO).with_more(more.tiles[5:])
    assert kept == more


def test_that_a_tile_is_really_empty_is_kept_with_it():
    one = plan().finish(0, empty=True).finish(1)
    assert [t.reason for t in one.tiles[:3]] == [REALLY_EMPTY, "", ""]
    assert from_json(to_json(one)).tiles == one.tiles
    assert [row["reason"] for row in one.rows()[:2]] == [REALLY_EMPTY, None]
    assert one.reopen(0).tiles[0].reason == ""
    assert one.reopen(0).finish(0).tiles[0].reason == ""


def test_a_window_is_the_tile_and_its_margin_within_the_image():
    one = plan()
    for tile in one.tiles:
        window, volume = one.window(tile), one.image(tile.image).volume
        for axis, margin in enumerate(one.margin):
            first, last = tile.box[2 * axis : 2 * axis + 2]
            assert window[2 * axis] == max(0, first - margin)
            assert window[2 * axis + 1] == min(volume[axis], last + margin)


def test_a_tile_chosen_by_hand_is_marked_as_such():
    one = plan().by_hand("b", (1,), (2, 3, 0, 64, 0, 64))
    assert one.tiles[-1].draw is Draw.HAND
    assert math.isnan(one.tiles[-1].share)
    assert len(one.drawn) == 4
    assert "chosen by hand" in one.sentence
    assert one.rows()[-1]["inclusion"] is None


@pytest.mark.parametrize(
    "box", [(0, 1, 0, 64, 0, 257), (0, 1, -1, 4, 0, 4), (0, 1, 4, 4, 0, 4), (1, 2, 0, 4, 0, 4)]
)
def test_a_tile_beyond_the_image_is_refused(box):
    with pytest.raises(ValueError, match="within"):
        plan().by_hand("a", (), box)


def test_no_tile_is_there_twice_and_no_image_is_made_up():
    one = plan()
    tile = one.tiles[0]
    with pytest.raises(ValueError, match="already"):
        one.by_hand(tile.image, tile.frame, tile.box)
    with pytest.raises(KeyError, match="no image"):
        one.by_hand("c", (), (0, 1, 0, 4, 0, 4))


def test_the_table_has_the_inclusion_probability_of_equal_chances():
    one = plan()
    assert {row["inclusion"] for row in one.rows()} == {4 / one.population}
    assert one.population == 16 + 2 * 6 * 12
    unequal = plan(priorities=range(1, one.population + 1))
    assert {row["inclusion"] for row in unequal.rows()} == {None}
    assert all(0 < row["share"] < 1 for row in unequal.rows())


def test_the_sentence_says_how_far_one_is():
    said = plan().finish(0).skip(1, "blurred").sentence
    assert said == "1 of 4 tiles finished, 1 skipped; drawn at random out of 160, seed 7"
