"""Whether an error is what a displaced structure leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Displacements are tried up to so many pixels along y and x, and parts of one pixel.
REACH = 4
#: Sigma of the Gaussian, in pixels, that keeps noise from hiding them.
SIGMA = 1.0
#: What has to lie around a box: `REACH`, and what the Gaussian reaches to.
MARGIN = REACH + 3


def explained_by_displacement(truth: NDArray[np.float32], difference: NDArray[np.float32]) -> float:
    """Return how much of an error a displacement of the ground truth explains.

    Ground truth G and difference d are smoothed. For each displacement s by whole pixels, the
    multiple c ≥ 0 of G(· + s) − G that is nearest to d by least squares is what s explains; c
    below 1 stands for a part of s. The result is the largest share of Σd² that one s explains.

    Parameters
    ----------
    truth, difference : (y, x) ndarray of float32
        A box with `MARGIN` pixels around it, in any units. Pixels that are not finite in either
        count as without error.

    Returns
    -------
    float
        0 to 1. Structures that only moved leave more than about ⅔; 0 where there is no error
        or nothing that could move.
    """
    from scipy.ndimage import gaussian_filter

    valid = np.isfinite(difference) & np.isfinite(truth)
    if not valid.any():
        return 0.0
    g = np.where(valid, truth, truth[valid].mean(dtype=np.float64)).astype(np.float64)
    d = np.where(valid, difference, 0).astype(np.float64)
    g, d = (
        gaussian_filter(_scaled(p), SIGMA, mode="nearest", truncate=3) for p in (g - g.mean(), d)
    )
    inner = slice(MARGIN, -MARGIN)
    error = d[inner, inner].ravel()
    rim = slice(MARGIN - REACH, REACH - MARGIN)
    shape = (g.shape[0] - 2 * MARGIN, g.shape[1] - 2 * MARGIN)
    moved = np.lib.stride_tricks.sliding_window_view(g[rim, rim], shape)
    left = moved.reshape(-1, error.size) - g[inner, inner].ravel()
    # einsum, as BLAS would start threads
    along, own = np.einsum("ij,j->i", left, error), np.einsum("ij,ij->i", left, left)
    size = float(np.sum(error * error))
    possible = (along > 0) & (own > 1e-9 * error.size)
    if not size or not possible.any():
        return 0.0
    return min(1.0, float((along[possible] ** 2 / own[possible]).max()) / size)


def _scaled(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring a plane to magnitudes up to 1, so that squares stay within range in any units."""
    size = float(np.abs(plane).max())
    return plane / size if size else plane
