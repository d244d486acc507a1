"""The pixels of a comparison of images: where they lie, and blocks of them with their halo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.fits import sigma_along_z
from napari_verdict.engine.blocks import grain_of
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.ssim import RADIUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.blocks import Block


@dataclass(frozen=True)
class Pixels:
    """Ground truth, candidates and ignore mask as descriptions; blocks of them when asked for.

    Parameters
    ----------
    truth : Source
        The ground truth.
    candidates : mapping of str to Source
        By name; raw, where there is one, first.
    ignore : Source, optional
        True where pixels are left out.
    """

    truth: Source
    candidates: Mapping[str, Source]
    ignore: Source | None = None

    @staticmethod
    def of(comparison: Comparison) -> Pixels:
        """Describe the pixels of a comparison; none is read."""
        truth, ignore = comparison.ground_truth, comparison.ignore
        # windows reach the rows above and below, in 3D those of the slab beside it too
        rows = 7 if sigma_along_z(comparison) else 4
        return Pixels(
            replace(truth.source, rows=rows),
            {n: replace(c.source, rows=rows) for n, c in comparison.candidates.items()},
            None if ignore is None else Source(ignore, truth.axes, rows),
        )

    @property
    def predictions(self) -> list[str]:
        """The names of the candidates without raw."""
        return [n for n in self.candidates if n != RAW]

    @property
    def _sources(self) -> Iterable[Source]:
        return (self.truth, *self.candidates.values(), *([self.ignore] if self.ignore else []))

    @property
    def in_memory(self) -> bool:
        """Whether all of them are there already, so that reading them again costs nothing."""
        return all(s.in_memory for s in self._sources)

    @property
    def grain(self) -> tuple[int, int]:
        """How many planes and rows are decoded at once."""
        return grain_of(s.grain for s in self._sources)

    def read_truth(self, block: Block) -> NDArray[Any]:
        """Read a block (z, y, x) of the ground truth, in its own dtype."""
        return self.truth.read(block.frame, block.z, block.y)

    def read_as_stored(self, name: str, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[Any]:
        """Read planes and rows of a candidate; `frame` is one of the ground truth's."""
        source = self.candidates[name]
        at = dict(zip(self.truth.frame_axes, frame, strict=True))
        return source.read(tuple(at[a] for a in source.frame_axes), z, y)

    def read(self, name: str, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.float64]:
        """Read the same in float64."""
        return as_float(self.read_as_stored(name, frame, z, y))

    def read_ignored(self, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.bool_] | None:
        """Read planes and rows of the ignore mask; None where there is none."""
        if self.ignore is None:
            return None
        return self.ignore.read(frame, z, y).astype(bool, copy=False)


@dataclass(frozen=True)
class Halo:
    """A block, and the planes and rows of the image that its windows reach."""

    block: Block
    z: slice
    y: slice

    @staticmethod
    def around(block: Block, shape: tuple[int, int, int], reach: int) -> Halo:
        """Reach `reach` planes and the radius of the window, but not out of the image."""
        depth, height, _ = shape
        # reflection looks inwards by as much as the window hangs out; an image thinner than
        # the window, where it comes back more than once, is within reach as a whole
        z = slice(max(0, block.z0 - reach), min(depth, block.z1 + reach))
        y = slice(max(0, block.y0 - RADIUS), min(height, block.y1 + RADIUS))
        return Halo(block, z, y)

    @staticmethod
    def none(block: Block) -> Halo:
        """Reach nothing but the block."""
        return Halo(block, block.z, block.y)

    def inside(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the block itself out of an array that was read with its halo."""
        b, z, y = self.block, self.z.start, self.y.start
        return array[b.z0 - z : b.z1 - z, b.y0 - y : b.y1 - y]

    def beyond_rim(self, shape: tuple[int, int, int], reach: int) -> NDArray[np.bool_]:
        """Tell which rows (z, y) of the block have windows that lie inside of the image."""
        depth, height, _ = shape
        z, y = np.arange(self.block.z0, self.block.z1), np.arange(self.block.y0, self.block.y1)
        in_z = (z >= reach) & (z < depth - reach)
        in_y = (y >= RADIUS) & (y < height - RADIUS)
        beyond: NDArray[np.bool_] = in_z[:, np.newaxis] & in_y
        return beyond


@dataclass(frozen=True, eq=False)
class Scene:
    """A block of the ground truth and of candidates with its halo, as they are stored.

    `valid` is None where every pixel of a candidate counts.
    """

    halo: Halo
    truth: NDArray[Any]
    candidates: Mapping[str, NDArray[Any]]
    valid: Mapping[str, NDArray[np.bool_] | None]


def same_pixels(a: NDArray[np.bool_] | None, b: NDArray[np.bool_] | None) -> bool:
    """Tell whether two masks are the same; None leaves nothing out."""
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


def valid_pixels(
    g: NDArray[Any], p: NDArray[Any], ignored: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Tell which pixels are finite in both and not ignored."""
    valid: NDArray[np.bool_] = np.isfinite(g) & np.isfinite(p)
    if ignored is not None:
        valid &= ~ignored
    return valid


def as_float(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Return pixels in float64, as the kernels take them."""
    # numba counts read-only arrays as a type of their own: those are copied
    return np.require(pixels, np.float64, ["C", "W"])
