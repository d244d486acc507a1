"""An image of squares to label in tiles, and a model that misses some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

#: Side of the image and of a tile; sixteen tiles, each with two objects whose ids go on.
SIDE, TILE = 128, 32
#: Images of a folder, by condition.
IMAGES = ("control/a", "treated/b", "treated/c")


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


def write_folder(at: Path) -> None:
    """Write three images of squares, two of them of one condition, and what a model makes of them.

    Each image is a little wider than the one before, so that none is taken for another.
    """
    import tifffile

    for k, name in enumerate(IMAGES):
        wide = ((0, 0), (0, 8 * k))
        for folder, pixels in (("images", (objects() > 0) * np.uint8(90 + k)),
                               ("model", prediction())):  # fmt: skip
            path = at / folder / f"{name}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, np.pad(pixels, wide))


def objects_of(image: str) -> np.ndarray:
    """The squares of one of the images of the folder."""
    return np.pad(objects(), ((0, 0), (0, 8 * IMAGES.index(image))))
