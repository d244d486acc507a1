"""An image of squares to label in tiles, and a model that misses some of them."""

from __future__ import annotations

import numpy as np

#: Side of the image and of a tile; sixteen tiles, each with two objects whose ids go on.
SIDE, TILE = 128, 32


def objects() -> np.ndarray:
    """Two squares in each tile, not touching its edges."""
    labels = np.zeros((SIDE, SIDE), np.uint16)
    k = 0
    for y in range(0, SIDE, TILE):
        for x in range(0, SIDE, TILE):
            for dy, dx in ((5, 5), (18, 17)):
                k += 1
                labels[y + dy : y + dy + 9, x + dx : x + dx + 9] = k
    return labels


def prediction() -> np.ndarray:
    """The same, but the second object is missed in every other tile."""
    labels = objects()
    labels[(labels % 4) == 0] = 0
    return labels
