"""Where a layer lies: scale, position and all else that places its pixels in the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


def placement_of(layer: Any) -> dict[str, Any]:
    """Return what places a layer, as napari's layers take it when they are made."""
    return {name: getattr(layer, name) for name in _NAMES}


def place(layer: Any, placement: Mapping[str, Any]) -> None:
    """Place a layer; what holds already is not set, since each makes napari slice it anew."""
    for name, value in placement.items():
        if not _same(getattr(layer, name), value):
            setattr(layer, name, value)


def _same(a: Any, b: Any) -> bool:
    a, b = (np.asarray(getattr(x, "affine_matrix", x)) for x in (a, b))
    return bool(np.array_equal(a, b))
