"""Regions: parts of the image that are scored by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.derived import crop
from napari_verdict.engine.descriptions import describe
from napari_verdict.engine.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the image, in pixels of the ground truth; pixel centres are whole numbers.

    Parameters
    ----------
    name : str
        What its rows are called.
    polygons : tuple of (k, 2) ndarray
        Corners as (y, x). The region is what lies in any of them, on every plane and frame; of
        two polygons that share an edge, a pixel on it belongs to one.
    labels : array-like of int or bool, optional
        Instead of polygons: the region is where these are `value`.
    value : int, optional
        Which label; None for any but 0.
    axes : str
        Of `labels`, out of those of the ground truth; along the others it holds everywhere.
    """

    name: str
    polygons: tuple[Any, ...] = ()
    labels: Any | None = None
    value: int | None = None
    axes: str = "yx"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("A region needs a name: its rows are called by it.")

    def read(self, source: Source, frame: tuple[int, ...], z: slice, y: slice) -> NDArray[np.bool_]:
        """Return where the region is, in a block of the ground truth, as (z, y, x)."""
        depth, _, width = source.shape
        planes = len(range(depth)[z])
        if self.labels is None:
            flat = _painted(self.polygons, y.start, y.stop, width)[np.newaxis]
        else:
            at = dict(zip(source.frame_axes, frame, strict=True))
            mine = Source(self.labels, self.axes)
            here = tuple(at[a] for a in mine.frame_axes)
            found = mine.read(here, z if "z" in self.axes else slice(0, 1), y)
            flat = found != 0 if self.value is None else found == self.value
        return np.broadcast_to(flat, (planes, *flat.shape[1:]))

    def holds(
        self, source: Source, frame: tuple[int, ...], pixels: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """Tell which of (n, 3) pixels z, y, x of a frame lie in the region."""
        z, y, x = pixels.T
        if self.labels is None:
            return self.encloses(y, x)
        found = np.zeros(len(pixels), bool)
        z = z if "z" in self.axes else np.zeros_like(z)
        for k in np.unique(z).tolist():
            rows = np.flatnonzero(z == k)
            top, end = int(y[rows].min()), int(y[rows].max()) + 1
            mask = self.read(source, frame, slice(k, k + 1), slice(top, end))
            found[rows] = mask[0, y[rows] - top, x[rows]]
        return found

    def encloses(self, y: NDArray[Any], x: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which positions in the plane, in pixels, lie in any of the polygons."""
        inside = np.zeros(len(y), bool)
        for corners in self.polygons:
            inside |= _inside(np.asarray(corners, float), y, x)
        return inside

    def described(self) -> Region:
        """Return the region with labels that lie in a file as where they lie."""
        return self if self.labels is None else replace(self, labels=describe(self.labels))

    def moved(self, starts: Mapping[str, int], sizes: Mapping[str, int]) -> Region:
        """Return the region in an image that was cropped to begin at `starts`, by axis."""
        if self.labels is not None:
            first, size = (tuple(by[a] for a in self.axes) for by in (starts, sizes))
            return replace(self, labels=crop(self.labels, first, size))
        shift = np.array([starts["y"], starts["x"]], float)
        return replace(self, polygons=tuple(np.asarray(p, float) - shift for p in self.polygons))


@dataclass(frozen=True, eq=False)
class LabelsElsewhere:
    """Labels that do not lie pixel by pixel on the ground truth, to be read as an array.

    Parameters
    ----------
    data : array-like of int or bool
        As they are.
    """

    data: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is read."""
        return tuple(int(n) for n in self.data.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the labels."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    def __getitem__(self, key: Any) -> Any:
        return self.data[key]


@dataclass(frozen=True, eq=False)
class OnGrid(LabelsElsewhere):
    """Labels on pixels of their own beside points, which have none.

    Parameters
    ----------
    data : array-like of int or bool
        The labels.
    steps, starts : tuple of float
        Of each axis: size of their pixels, and where the first one has its centre, in pixels of
        the ground truth.
    """

    steps: tuple[float, ...]
    starts: tuple[float, ...]


def rectangle(name: str, y0: float, x0: float, y1: float, x1: float) -> Region:
    """Return the region of rows y0 to y1 and columns x0 to x1, ends exclusive."""
    return Region(name, (np.array([(y0, x0), (y0, x1), (y1, x1), (y1, x0)], float) - 0.5,))


def regions_from(given: Any, axes: str, shape: tuple[int, ...]) -> tuple[Region, ...]:
    """Read regions as a person gives them in Python.

    Parameters
    ----------
    given : None, Region, array-like, or mapping of str to these
        A mask, or labels of which each id is a region, of the shape of the ground truth or of
        its last axes; otherwise the (k, 2) corners of a polygon as (y, x).
    axes, shape : str, tuple of int
        Of the ground truth.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if given is None:
        return ()
    if isinstance(given, Region):
        return (given,)
    if hasattr(given, "items"):
        every = [
            replace(r, name=name if len(found) == 1 else f"{name} {r.value}")
            for name, one in given.items()
            for found in [regions_from(one, axes, shape)]
            for r in found
        ]
        return tuple(every)
    if isinstance(given, list | tuple) and all(isinstance(r, Region) for r in given):
        return tuple(given)
    array = given if hasattr(given, "shape") else np.asarray(given)
    ndim = len(array.shape)
    if 2 <= ndim <= len(shape) and tuple(array.shape) == tuple(shape[-ndim:]):
        return regions_of_labels("region", array, axes[-ndim:])
    if ndim == 2 and array.shape[1] == 2 and array.shape[0] >= 3:
        return (Region("region", (np.asarray(array, float),)),)
    raise ValueError(
        f"A region is a mask of the shape of the ground truth {tuple(shape)}, or three corners or "
        f"more as (y, x); an array of shape {tuple(array.shape)} is neither."
    )


def regions_of_points(given: Any, axes: str) -> tuple[Region, ...]:
    """Read regions beside points, which have no shape to tell masks from corners by.

    Parameters
    ----------
    given : None, Region, array-like, or mapping of str to these
        An array of two columns holds the corners of a polygon as (y, x), any other is a mask, or
        labels, along the last of the axes.
    axes : str
        Of the ground truth.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if hasattr(given, "items"):
        return regions_from({n: regions_of_points(g, axes) for n, g in given.items()}, axes, ())
    several = isinstance(given, list | tuple) and all(isinstance(r, Region) for r in given)
    if given is None or isinstance(given, Region) or several:
        return regions_from(given, axes, ())
    array = given if hasattr(given, "shape") else np.asarray(given)
    ndim = len(array.shape)
    if ndim == 2 and array.shape[1] == 2 and array.shape[0] >= 3:
        return (Region("region", (np.asarray(array, float),)),)
    if not 2 <= ndim <= len(axes):
        raise ValueError(
            f"A region is a mask along the last of the axes {axes}, or three corners or more as "
            f"(y, x); an array of shape {tuple(array.shape)} is neither."
        )
    return regions_of_labels("region", array, axes[-ndim:])


#: More ids than this are objects, not regions.
MOST_REGIONS = 50


def regions_of_labels(name: str, labels: Any, axes: str) -> tuple[Region, ...]:
    """Return a region for each id but 0 of labels or of a mask.

    Raises
    ------
    ValueError
        If there are more than `MOST_REGIONS`.
    """
    ids: set[int] = set()
    for at in np.ndindex(*labels.shape[:-2]):
        plane = labels[at]
        plane = plane.compute(scheduler="synchronous") if hasattr(plane, "compute") else plane
        ids |= set(np.unique(plane).astype(int).tolist()) - {0}
        if len(ids) > MOST_REGIONS:
            raise ValueError(
                f"“{name}” has more than {MOST_REGIONS} ids, so they look like objects rather than "
                "regions. Choose a layer with an id for each region."
            )
    one = len(ids) <= 1
    return tuple(
        Region(name if one else f"{name} {i}", labels=labels, value=i, axes=axes)
        for i in sorted(ids)
    )


def _crossings(
    corners: NDArray[np.float64], y: NDArray[Any]
) -> Iterable[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """Yield of each edge which rows it crosses, and where along x."""
    for (ya, xa), (yb, xb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ya == yb:
            continue
        if ya > yb:  # neighbours walk along a shared edge in opposite directions
            ya, xa, yb, xb = yb, xb, ya, xa
        yield (ya <= y) & (y < yb), xa + (y - ya) * ((xb - xa) / (yb - ya))


def _inside(corners: NDArray[np.float64], y: NDArray[Any], x: NDArray[Any]) -> NDArray[np.bool_]:
    inside = np.zeros(len(y), bool)
    for rows, where in _crossings(corners, y):
        inside ^= rows & (where <= x)
    return inside


def _painted(polygons: tuple[Any, ...], y0: int, y1: int, width: int) -> NDArray[np.bool_]:
    """Return what lies in any polygon, as rows y0 to y1 of a plane."""
    painted = np.zeros((y1 - y0, width), bool)
    y = np.arange(y0, y1)
    for corners in polygons:
        turns = np.zeros((y1 - y0, width + 1), bool)
        for rows, where in _crossings(np.asarray(corners, float), y):
            first = np.ceil(where[rows]).clip(0, width).astype(np.intp)
            turns[np.flatnonzero(rows), first] ^= True
        painted |= np.logical_xor.accumulate(turns, axis=1)[:, :width]
    return painted
