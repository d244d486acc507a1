"""Images against images: two passes over the blocks, then scores and maps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import call
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.restoration.fits import counted_exactly
from napari_verdict.comparison.restoration.lazy_maps import LazyMap, lazy_maps
from napari_verdict.comparison.restoration.pixels import Pixels
from napari_verdict.comparison.restoration.scores import image_rows, region_rows
from napari_verdict.comparison.restoration.units import units_of
from napari_verdict.comparison.result import Progress, Result, complete
from napari_verdict.engine.blocks import BLOCK_PIXELS
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.memory import physical_memory
from napari_verdict.engine.sources import canonical_view
from napari_verdict.metrics.gain import gain_map
from napari_verdict.metrics.linearity import curve_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_verdict.comparison.restoration.object_intensity import ObjectIntensities
    from napari_verdict.metrics.linearity import Axes, IntensityCurve

    Map = NDArray[np.float32] | LazyMap
    Maps = Mapping[str, Map]

#: Maps that would take more than this share of the memory are computed when looked at.
STORED_SHARE = 0.25


def run_images(
    comparison: Comparison,
    *,
    token: CancelToken,
    threads: int | None = None,
    pixels: int = BLOCK_PIXELS,
) -> Generator[Progress, None, ImageResult]:
    """Compare raw and predictions with the ground truth, block by block.

    Parameters
    ----------
    comparison : Comparison
        Of task restoration, without blocking findings.
    token : CancelToken
        Stops the work.
    threads : int, optional
        By default one for each processor.
    pixels : int
        Size of a block; it changes no bit of the result.

    Yields
    ------
    Progress
        After every block.

    Returns
    -------
    ImageResult
    """
    inputs = Pixels.of(comparison)
    stored = None if _are_lazy(comparison, inputs) else _places_for(comparison)
    views = stored and {
        name: {m: canonical_view(a, comparison.ground_truth.axes) for m, a in maps.items()}
        for name, maps in stored.items()
    }
    units = units_of(comparison, inputs, views, pixels)
    done, total = 0, _expected_passes(comparison, inputs) * len(units.blocks)
    while passes := {id(u): p for u in units if (p := u.next_pass()) is not None}:
        work = [(passes[id(u)], b) for u, b in units.blocks if id(u) in passes]
        left = Counter(id(one) for one, _ in work)
        parts = run_blocks(
            call, [partial(p.task, b) for p, b in work], token=token, threads=threads
        )
        for (one, block), part in zip(work, parts, strict=True):
            one.take(block, part)
            left[id(one)] -= 1
            if not left[id(one)]:  # at once: what it holds is not needed any more
                one.finish()
            done += 1
            yield Progress(min(done, total), total, one.what)
    maps = lazy_maps(comparison, units) if stored is None else stored
    finished = list(units)
    intensity = {name: curve_of(units.pooled.get(name)) for name in comparison.candidates}
    rows = image_rows(comparison, finished, intensity) + region_rows(comparison, finished)
    lines = {key: unit.lines for key, unit in units.every.items()}
    result = ImageResult(
        comparison,
        rows,
        stored=maps,
        intensity=intensity,
        lines=lines,
        planes_of_a_line=units.planes,
    )
    if comparison.objects is not None:
        # labels, and what reads them, come with it
        from napari_verdict.comparison.restoration.object_intensity import object_intensities

        labels = comparison.objects.data
        found = yield from object_intensities(result, labels, token=token, threads=threads)
        image = comparison.ground_truth.name
        rows += tuple(s for one in found.values() for s in one.scores(image))
        result = replace(result, rows=rows)
    return result


def _expected_passes(comparison: Comparison, inputs: Pixels) -> int:
    truth, rounds = inputs.truth, 0
    if not truth.in_memory and not counted_exactly(truth.dtype):
        rounds = 1 if truth.dtype.kind == "f" and truth.dtype.itemsize <= 4 else 2
    return 2 + rounds + (RAW in inputs.candidates) + bool(comparison.regions)


def _are_lazy(comparison: Comparison, inputs: Pixels) -> bool:
    """Whether maps are computed when they are looked at, rather than stored."""
    size = 2 * 4 * math.prod(comparison.ground_truth.shape) * len(inputs.candidates)
    return not inputs.in_memory or size > STORED_SHARE * physical_memory()


def _places_for(comparison: Comparison) -> dict[str, dict[str, NDArray[np.float32]]]:
    shape = comparison.ground_truth.shape
    return {
        name: {m: np.empty(shape, np.float32) for m in ("ssim", "difference")}
        for name in comparison.candidates
    }


class _Maps(Mapping[str, Any]):
    """The maps of one candidate; RSE and gain are derived when they are asked for."""

    def __init__(self, stored: Maps, raw: Maps | None) -> None:
        self._stored, self._raw = stored, raw
        self._names = ("ssim", "rse", "difference", *(("gain",) if raw is not None else ()))

    def __getitem__(self, name: str) -> Map:
        if name not in self._names:
            raise KeyError(name)
        if name in self._stored:
            return self._stored[name]
        difference = self._stored["difference"]
        if isinstance(difference, LazyMap):
            return replace(difference, name=name)
        if name == "rse" or self._raw is None:
            return np.abs(difference)
        return gain_map(self._raw["difference"], difference)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, eq=False)
class ImageResult(Result):
    """Scores and maps of restored images.

    Parameters
    ----------
    stored : mapping of str to mapping of str to ndarray or LazyMap
        By candidate: the maps ``ssim`` and ``difference`` that the others follow from.
    intensity : mapping of str to IntensityCurve
        By candidate, its mean at every intensity of the ground truth, pooled over frames.
    lines : mapping
        By frame and first plane, and by candidate: the line on the ground truth that is taken
        off its intensities. Candidates that do not rise with it have none.
    planes_of_a_line : int
        So many planes, of one frame, share a line.
    """

    stored: Mapping[str, Maps] = field(default_factory=dict)
    intensity: Mapping[str, IntensityCurve] = field(default_factory=dict)
    lines: Mapping[tuple[tuple[int, ...], int], Mapping[str, Axes]] = field(default_factory=dict)
    planes_of_a_line: int = 1

    @cached_property
    def _maps(self) -> dict[str, Mapping[str, Any]]:
        raw = self.stored.get(RAW)
        return {n: _Maps(m, None if n == RAW else raw) for n, m in self.stored.items()}

    @property
    def maps(self) -> Mapping[str, Mapping[str, Any]]:
        """Maps by candidate: ``ssim rse difference``, and ``gain`` for predictions beside raw.

        Arrays; or, for inputs that are not in memory and for maps that would take more than
        a quarter of it, a `LazyMap` that computes what is read of it.

        float32, shaped and with axes as the ground truth; NaN where a pixel is ignored or
        not finite. Units are those of the convention: normalised, or the image's.
        """
        return self._maps

    def object_intensities(
        self, labels: Any, *, token: CancelToken | None = None, threads: int | None = None
    ) -> Mapping[str, ObjectIntensities]:
        """Measure labelled objects in the ground truth and in every candidate.

        Parameters
        ----------
        labels : array-like of int
            One id an object; shape and axes of the ground truth.
        token : CancelToken, optional
            Stops the work.
        threads : int, optional
            By default one for each processor.

        Returns
        -------
        mapping of str to ObjectIntensities
            By candidate: mean intensities, and how they agree with the ground truth.

        Raises
        ------
        ValueError
            If the labels have another shape than the ground truth.
        """
        from napari_verdict.comparison.restoration.object_intensity import object_intensities

        token = token or CancelToken()
        return complete(object_intensities(self, labels, token=token, threads=threads))
