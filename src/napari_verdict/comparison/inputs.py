"""Arrays somebody hands over, as inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.axes import axes_of
from napari_verdict.comparison.model import Input

if TYPE_CHECKING:
    from collections.abc import Sequence


def input_from(
    name: str,
    data: Any,
    axes: str | None = None,
    spacing: tuple[float, ...] | None = None,
    ndim: int | None = None,
) -> Input:
    """Return an array, or a list of lists, as an input.

    Parameters
    ----------
    name : str
        What to call it.
    data : array-like
        numpy, dask or zarr are kept as they are.
    axes : str, optional
        One letter an axis; used where it fits, else 2D is ``yx`` and the rest unknown.
    spacing : tuple of float, optional
        Physical size of a pixel along each axis; used where it fits.
    ndim : int, optional
        How many axes there are; by default those of the array.

    Raises
    ------
    ValueError
        If the spacing is not above 0.
    """
    check_spacing(spacing or ())
    data = array_from(data)
    n = ndim or len(data.shape)
    return Input(
        name,
        data,
        axes if axes and len(axes) == n else axes_of(n),
        scale=tuple(spacing) if spacing and len(spacing) == n else (),
    )


def check_spacing(spacing: Sequence[float]) -> None:
    """Refuse sizes of a pixel that none can have.

    Raises
    ------
    ValueError
        If one is not a finite number above 0.
    """
    if not all(math.isfinite(s) and s > 0 for s in spacing):
        given = " × ".join(f"{s:g}" for s in spacing)
        raise ValueError(
            f"The spacing is {given}; it is the size of a pixel along each axis, which must be "
            "above 0."
        )


def array_from(data: Any) -> Any:
    """Return what has a shape and a dtype as it is, the rest as a numpy array."""
    return data if hasattr(data, "shape") and hasattr(data, "dtype") else np.asarray(data)
