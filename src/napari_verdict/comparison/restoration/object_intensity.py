"""Is a bright object still a bright object? Intensities of objects after a restoration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.objects.reader import LabelReader
from napari_verdict.comparison.restoration.pixels import Pixels, valid_pixels
from napari_verdict.comparison.result import Progress
from napari_verdict.comparison.scores import Score
from napari_verdict.engine.blocks import Block, blocks_of, grain_of
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.sources import Source
from napari_verdict.metrics.agreement import LEAST_OBJECTS, Agreement, agreement_of
from napari_verdict.metrics.linearity import STEP, Axes, whole_shares

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.images import ImageResult
    from napari_verdict.engine.cancel import CancelToken

    #: Ids, and by id: pixels, sums of both intensities as shares of the range, of z, y and x.
    Sums = tuple[NDArray[Any], NDArray[Any]]

TOO_FEW = f"fewer than {LEAST_OBJECTS} objects have an intensity in both images"
ALL_ALIKE = "all objects have the same intensity"


@dataclass(frozen=True, eq=False)
class ObjectIntensities:
    """Mean intensities of n objects in the ground truth and in one candidate.

    Both are in the units of the ground truth: the candidate has its own least-squares line on
    the ground truth taken off, as for the intensity curve.

    Parameters
    ----------
    candidate : str
        Whose they are.
    id : (n,) ndarray of int
        As in the labels.
    frame : (n, k) ndarray of intp
        Index along the k frame axes of the ground truth.
    pixels : (n,) ndarray of int64
        Valid pixels.
    truth, measured : (n,) ndarray of float64
        Mean intensity in the ground truth and in the candidate.
    shares : (n, 2) ndarray of float64
        The same in shares of the range of the ground truth, as the curve has them.
    centroid : (n, 3) ndarray of float64
        z, y and x in pixels, of the valid pixels.
    """

    candidate: str
    id: NDArray[Any]
    frame: NDArray[np.intp]
    pixels: NDArray[np.int64]
    truth: NDArray[np.float64]
    measured: NDArray[np.float64]
    shares: NDArray[np.float64]
    centroid: NDArray[np.float64]

    @cached_property
    def agreement(self) -> Agreement:
        """Correlation, bias and limits of agreement."""
        return agreement_of(self.truth, self.measured)

    @cached_property
    def box(self) -> NDArray[np.float64]:
        """About where each object is, as (n, 6) z0, z1, y0, y1, x0, x1: as large as its pixels."""
        flat = not self.centroid[:, 0].any()
        half = self.pixels[:, np.newaxis] ** (1 / 2 if flat else 1 / 3) / 2
        low, high = self.centroid - half, self.centroid + half + 1
        if flat:
            low[:, 0], high[:, 0] = 0, 1
        return np.stack([low, high], axis=2).reshape(-1, 6)

    def scores(self, image: str) -> tuple[Score, ...]:
        """Return the agreement as rows; `image` is the name of the ground truth."""
        a = self.agreement
        values = {
            "object_pearson": a.pearson,
            "object_bias": a.bias,
            "object_limit_low": a.low,
            "object_limit_high": a.high,
        }
        return tuple(
            Score(
                image=image,
                candidate=self.candidate,
                metric=metric,
                value=value,
                unit="1" if metric == "object_pearson" else "image units",
                convention="objects=mean over the valid pixels of each label; candidate=its "
                "least-squares line on the ground truth taken off; "
                "limits=bias -/+ 1.96 standard deviations (N-1)",
                reason=(TOO_FEW if a.n < LEAST_OBJECTS else ALL_ALIKE)
                if math.isnan(value)
                else None,
                n=a.n,
                aggregation="pooled over objects",
            )
            for metric, value in values.items()
        )


@dataclass(frozen=True)
class SumObjects:
    """What is done with a block: sums of the intensities of its objects, by candidate."""

    pixels: Pixels
    labels: LabelReader
    axes: Mapping[str, Axes]

    def __call__(self, block: Block) -> dict[str, Sums]:
        """Return ids and sums."""
        labels = self.labels(block)
        inside = labels != 0
        if not inside.any():
            return {}
        g = self.pixels.read_truth(block)
        ignored = self.pixels.read_ignored(block.frame, block.z, block.y)
        at = np.indices(labels.shape) + np.reshape([block.z0, block.y0, 0], (3, 1, 1, 1))
        found = {}
        for name, axes in self.axes.items():
            p = self.pixels.read_as_stored(name, block.frame, block.z, block.y)
            counted = inside & valid_pixels(g, p, ignored)
            ids, of = np.unique(labels[counted], return_inverse=True)
            columns = [
                np.ones(len(of)),
                whole_shares(g[counted], axes.low, axes.inverse_range),
                whole_shares(p[counted], axes.zero, axes.gain),
                *at[:, counted].astype(np.float64),
            ]
            sums = [np.bincount(of, column, len(ids)) for column in columns]
            found[name] = ids, np.column_stack(sums)
        return found


def object_intensities(
    result: ImageResult, labels: Any, *, token: CancelToken, threads: int | None = None
) -> Generator[Progress, None, dict[str, ObjectIntensities]]:
    """Measure objects in the ground truth and in every candidate of a result.

    Parameters
    ----------
    result : ImageResult
        Its pixels are read again, block by block.
    labels : array-like of int
        One id an object, 0 for background; shape and axes of the ground truth. Ids belong to
        their frame.
    token : CancelToken
        Stops the work.
    threads : int, optional
        By default one for each processor.

    Yields
    ------
    Progress
        After every block.

    Returns
    -------
    dict of str to ObjectIntensities
        By candidate, the same bits whatever the blocks and the threads.

    Raises
    ------
    ValueError
        If the labels have another shape than the ground truth.
    """
    truth, pixels = result.comparison.ground_truth, Pixels.of(result.comparison)
    if tuple(labels.shape) != truth.shape:
        raise ValueError(
            f"The labels are {tuple(labels.shape)} and the ground truth, as it was compared, is "
            f"{truth.shape}. Choose labels of the same shape."
        )
    reader = LabelReader(Source(labels, truth.axes), truth.source.frame_axes)
    grain = grain_of([pixels.grain, reader.source.grain])
    depth = max(1, truth.source.shape[0])
    step = result.planes_of_a_line
    blocks = [
        b
        for frame in truth.source.frames
        for b in blocks_of(frame, truth.source.shape, grain=grain, planes=min(step, depth))
    ]
    units = [(b.frame, b.z0 - b.z0 % step) for b in blocks]
    tasks = {u: SumObjects(pixels, reader, result.lines[u]) for u in set(units)}
    work = list(zip(units, blocks, strict=True))
    parts = run_blocks(lambda w: tasks[w[0]](w[1]), work, token=token, threads=threads)
    found: dict[str, dict[Any, list[Sums]]] = {n: {} for n in result.comparison.candidates}
    for k, ((unit, _), part) in enumerate(zip(work, parts, strict=True)):
        for name, sums in part.items():
            found[name].setdefault(unit, []).append(sums)
        yield Progress(k + 1, len(work), "objects")
    return {n: _brought_together(result, n, of_units) for n, of_units in found.items()}


def _brought_together(
    result: ImageResult, candidate: str, of_units: Mapping[Any, list[Sums]]
) -> ObjectIntensities:
    frames: dict[tuple[int, ...], list[Sums]] = {}
    for (frame, z), parts in sorted(of_units.items()):
        ids, sums = _added(parts)
        axes = result.lines[frame, z][candidate]
        # from here on no whole numbers any more, but unit after unit in the same order
        sums[:, 1:3] *= STEP
        in_image = sums[:, 1:3] / axes.inverse_range + sums[:, :1] * axes.low
        frames.setdefault(frame, []).append((ids, np.hstack([sums, in_image])))
    rows = [(frame, *_added(parts)) for frame, parts in frames.items()]
    k = len(result.comparison.ground_truth.source.frame_axes)
    empty = np.empty(0, np.int64)
    sums = np.concatenate([np.empty((0, 8)), *(s for _, _, s in rows)])
    means = sums[:, 1:] / sums[:, :1]
    frame = [np.tile(np.array(f, np.intp), (len(i), 1)) for f, i, _ in rows]
    return ObjectIntensities(
        candidate,
        np.concatenate([i for _, i, _ in rows]) if rows else empty,
        np.concatenate([np.empty((0, k), np.intp), *frame]),
        sums[:, 0].astype(np.int64),
        *(means[:, 5], means[:, 6]),
        means[:, :2],
        means[:, 2:5],
    )


def _added(parts: list[Sums]) -> Sums:
    """Add up the sums of each id, in the order of the parts."""
    ids, of = np.unique(np.concatenate([i for i, _ in parts]), return_inverse=True)
    sums = np.zeros((len(ids), parts[0][1].shape[1]))
    np.add.at(sums, of, np.concatenate([s for _, s in parts]))
    return ids, sums
