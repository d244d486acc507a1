"""Plans and tiles as text, to be kept."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import asdict, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.same import Same
from napari_verdict.annotation.tiles import Draw, Plan, State, Tile, TiledImage

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "napari-verdict tiles"
VERSION = 2


def to_json(plan: Plan) -> str:
    """Return a plan as text that `from_json` reads.

    The chances of all tiles are in base64, as 64-bit floats with the least byte first. They are
    remembered as such: where there are many, the first time belongs into a worker, and after it
    plans of the same drawing are written at once.
    """
    record: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    record |= asdict(replace(plan, weights=(), tiles=()))
    record["weights"] = _packed(Same(plan.weights))
    record["tiles"] = [as_row(t) for t in plan.tiles]
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> Plan:
    """Return the plan that `to_json` wrote.

    Raises
    ------
    ValueError
        If the text is no plan, or one of a later version.
    """
    try:
        read = json.loads(text)
        if read.pop("format") != FORMAT:
            raise KeyError("format")
        if (version := read.pop("version")) > VERSION:
            raise ValueError(
                f"The tiles were written by a later version ({version}); this one reads {VERSION}."
            )
        images = tuple(TiledImage(**i | {"shape": tuple(i["shape"])}) for i in read.pop("images"))
        tiles, weights = tuple(map(of_row, read.pop("tiles"))), _unpacked(read.pop("weights"))
        by, margin = tuple(read.pop("by")), tuple(read.pop("margin"))
        return Plan(images=images, tiles=tiles, weights=weights, by=by, margin=margin, **read)
    except (
        KeyError, TypeError, AttributeError, json.JSONDecodeError, binascii.Error
    ) as error:  # fmt: skip
        raise ValueError(f"This is no list of tiles: {error}") from error


def as_row(tile: Tile) -> dict[str, Any]:
    """Return a tile as plain values that `of_row` reads."""
    return {
        "image": tile.image,
        "frame": list(tile.frame),
        "box": list(tile.box),
        "draw": str(tile.draw),
        "share": None if math.isnan(tile.share) else tile.share,
        "state": str(tile.state),
        "reason": tile.reason,
    }


def of_row(row: Mapping[str, Any]) -> Tile:
    """Return the tile that `as_row` gave.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a value is missing, or is none.
    """
    share = math.nan if row["share"] is None else row["share"]
    z0, z1, y0, y1, x0, x1 = row["box"]
    return Tile(
        row["image"],
        tuple(row["frame"]),
        (z0, z1, y0, y1, x0, x1),
        Draw(row["draw"]),
        share,
        State(row["state"]),
        row["reason"],
    )


@lru_cache(maxsize=2)
def _packed(weights: Same) -> str:
    return base64.b64encode(np.array(weights.it, "<f8").tobytes()).decode("ascii")


def _unpacked(weights: Any) -> tuple[float, ...]:
    """Return chances; the first version listed them."""
    if not isinstance(weights, str):
        return tuple(weights)
    return tuple(np.frombuffer(base64.b64decode(weights, validate=True), "<f8").tolist())
