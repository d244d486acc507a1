"""Whether an image went through JPEG: its blocks of 8 have cosine coefficients in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Side of the blocks that JPEG compresses.
BLOCK = 8
#: Fewer blocks say nothing; of more some, from all over the image, are looked at.
FEWEST, MOST = 100, 1024
#: Steps that are tried, in grey values: of quality 98 the larger ones, of 50 the smaller.
_STEPS = np.arange(2, 17)
#: Coefficients of middle frequencies: below is the image, above most steps are too large.
_DEGREE = np.add.outer(np.arange(BLOCK), np.arange(BLOCK)).ravel()
_LOOKED_AT = np.flatnonzero((_DEGREE >= 2) & (_DEGREE <= 6))


def block_rounding(image: NDArray[Any]) -> float:
    """Return how much more coefficients keep to steps in blocks of 8 than in others.

    JPEG rounds the cosine coefficients of blocks that begin at the first pixel to multiples of a
    step each (Fan and de Queiroz 2003, Identification of bitmap compression history,
    10.1109/TIP.2002.807361). How well coefficients c keep to a step q is |mean exp(2πi c/q)|. The
    same of blocks that begin at the fifth pixel is taken off, so what the image and whole grey
    values do to coefficients does not count.

    Parameters
    ----------
    image : (y, x) ndarray
        From the first pixel on as it was saved; NaN leaves a block out.

    Returns
    -------
    float
        Mean over coefficients of the best step: about 1/√blocks by chance, 0.3 to 1 of JPEG up to a
        quality of 97. NaN with fewer than 100 blocks.
    """
    grey = np.asarray(image, np.float64)
    some = np.unique(grey[np.isfinite(grey)][:: grey.size // 2**16 | 1])
    if some.size < 2:
        return float("nan")
    grey = grey / np.diff(some).min()  # an image of 8 bits may have been scaled since
    ours, others = (_coefficients(grey[k:, k:]) for k in (0, BLOCK // 2))
    if min(len(ours), len(others)) < FEWEST:
        return float("nan")
    return float((_kept(ours) - _kept(others)).max(axis=0).mean())


def _coefficients(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine coefficients (block, coefficient) of whole blocks, at most `MOST`."""
    h, w = (n // BLOCK for n in image.shape)
    cut = image[: h * BLOCK, : w * BLOCK].reshape(h, BLOCK, w, BLOCK).swapaxes(1, 2)
    blocks = cut.reshape(-1, BLOCK, BLOCK)
    blocks = blocks[np.isfinite(blocks).all(axis=(1, 2))]
    blocks = blocks[:: max(1, -(-len(blocks) // MOST))]
    found: NDArray[np.float64] = fft.dctn(blocks, axes=(1, 2), norm="ortho")
    return found.reshape(len(blocks), BLOCK * BLOCK)[:, _LOOKED_AT]


def _kept(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how well each coefficient keeps to each step, from 0 to 1."""
    return np.stack([np.abs(np.exp(2j * np.pi / q * coefficients).mean(axis=0)) for q in _STEPS])
