"""Where a layer lies: scale, position and all else that places its pixels in the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Those that are matrices; shear is left out where axes are.
_MATRICES = ("rotate", "shear", "affine")
_NAMES = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


def placement_of(layer: Any, ndim: int | None = None) -> dict[str, Any]:
    """Return what places a layer, as napari's layers take it when they are made.

    Of its last `ndim` axes, where given; those before must not be turned into them.
    """
    first = 0 if ndim is None else layer.ndim - ndim
    if not first:
        return {name: getattr(layer, name) for name in _NAMES}
    placed = {name: getattr(layer, name)[first:] for name in _NAMES if name not in _MATRICES}
    matrices = {name: np.asarray(getattr(layer, name)) for name in ("rotate", "affine")}
    matrices["affine"] = np.asarray(layer.affine.affine_matrix)
    return placed | {name: m[first:, first:] for name, m in matrices.items()}


def place(layer: Any, placement: Mapping[str, Any]) -> None:
    """Place a layer; what holds already is not set, since each makes napari slice it anew."""
    for name, value in placement.items():
        if not _same(getattr(layer, name), value):
            setattr(layer, name, value)


def _same(a: Any, b: Any) -> bool:
    a, b = (np.asarray(getattr(x, "affine_matrix", x)) for x in (a, b))
    return bool(np.array_equal(a, b))
