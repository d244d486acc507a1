"""Arrays somebody hands over, as inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_verdict.comparison.axes import axes_of
from napari_verdict.comparison.model import Input


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
    """
    data = array_from(data)
    n = ndim or len(data.shape)
    return Input(
        name,
        data,
        axes if axes and len(axes) == n else axes_of(n),
        scale=tuple(spacing) if spacing and len(spacing) == n else (),
    )


def array_from(data: Any) -> Any:
    """Return what has a shape and a dtype as it is, the rest as a numpy array."""
    return data if hasattr(data, "shape") and hasattr(data, "dtype") else np.asarray(data)
