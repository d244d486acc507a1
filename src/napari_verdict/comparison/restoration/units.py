"""A unit: what is normalised and fitted together, and what the passes found of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.restoration.by_region import AddRegions, Part, RegionRows
from napari_verdict.comparison.restoration.fits import (
    Fit,
    Levels,
    LevelSums,
    counted_exactly,
    fit_of,
    sigma_along_z,
)
from napari_verdict.comparison.restoration.passes import (
    Compare,
    Fitted,
    JudgeBesideRaw,
    Measure,
    Refine,
)
from napari_verdict.comparison.restoration.rows import Rows
from napari_verdict.engine.blocks import blocks_of, deep_blocks_of
from napari_verdict.metrics.gain import tolerance
from napari_verdict.metrics.linearity import axes_of, curve_of
from napari_verdict.metrics.moments import combine
from napari_verdict.metrics.ssim import gaussian_taps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.restoration.passes import Views
    from napari_verdict.comparison.restoration.pixels import Pixels
    from napari_verdict.engine.blocks import Block
    from napari_verdict.metrics.linearity import Axes, IntensityCurve, Tally

#: Planes of a block where the window of SSIM reaches over z.
DEEP = 32
# columns of Unit.sums
SSIM, SSIM_N, N, SQUARES, MAGNITUDES = range(5)
BESIDE_RAW, WORSE, RAW_SQUARES, OWN_SQUARES, SIGNAL, SIGNAL_WORSE = range(5, 11)


@dataclass(frozen=True)
class Pass:
    """One pass over the blocks of a unit.

    Parameters
    ----------
    what : str
        What it is for, in the words of `Progress`.
    task : callable
        What is done with a block, here or elsewhere.
    take : callable
        Called with every block and what the task returned for it, in the order of the blocks.
    finish : callable
        Called when all is taken.
    """

    what: str
    task: Callable[[Block], Any]
    take: Callable[[Block, Any], None]
    finish: Callable[[], None]


@dataclass
class Unit:
    """One frame, or one plane of it, on its way through the passes.

    Parameters
    ----------
    comparison : Comparison
        What is compared.
    pixels : Pixels
        Its pixels.
    frame, planes : tuple of int, range
        Where the unit is.
    views : mapping, optional
        By candidate and map: arrays (frames..., z, y, x) to write to; None where maps are not
        stored.
    levels : Levels
        Of the ground truth; known after the first passes.
    fits : dict
        By candidate; known after the first passes.
    sums : dict
        By candidate an (n_planes, 11) array: sum and number of SSIM values, valid pixels, sums of
        squared and of absolute error; then, on the pixels that are valid in raw too, how many
        there are and how many got worse, the squared errors of raw and of the candidate, and the
        signal of the ground truth in all of them and in those that got worse.
    tolerance : float
        The change of error that counts; NaN without raw.
    pooled : dict
        By candidate, the tally of intensities of all units that are done; shared by them.
    curves : dict
        By candidate, its intensity over that of the ground truth.
    parts : dict
        By region, what it has of the unit; known after the last pass.
    """

    comparison: Comparison
    pixels: Pixels
    frame: tuple[int, ...]
    planes: range
    views: Views | None
    levels: Levels = field(init=False)
    fits: dict[str, Fit] = field(default_factory=dict)
    sums: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    tolerance: float = float("nan")
    pooled: dict[str, Tally] = field(default_factory=dict)
    curves: dict[str, IntensityCurve] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sigma_z = sigma_along_z(self.comparison)
        self._z_taps = gaussian_taps(sigma_z) if sigma_z else np.ones(1)
        self._levels = LevelSums(self.comparison.settings.convention)
        self._masked: set[str] = set()
        self._rows = {n: Rows(self.planes) for n in self.pixels.candidates}
        self._background: NDArray[np.int64] | None = None
        self._tallies: dict[str, Tally] = {}

    def next_pass(self) -> Pass | None:
        """Return what is to be done next, or None where all is known."""
        if not self.fits:
            if not self._measured:
                return Pass("intensities", Measure(self.pixels), self._take_measures, self._fit)
            net = self._levels.net
            assert net is not None
            refine = Refine(self.pixels, net)
            return Pass("intensities", refine, self._take_caught, self._refined)
        if not self.sums:
            compare = Compare(self.fitted, self.levels.median, self.lines, self.views)
            return Pass("maps", compare, self._take_sums, self._add_up)
        if RAW in self.pixels.candidates and not self._judged:
            judge = JudgeBesideRaw(self.fitted, self.tolerance, self.levels.median, self.views)
            return Pass("gain over raw", judge, self._take_beside_raw, self._add_beside_raw)
        if self.comparison.regions and not self.parts:
            regions = tuple(r.described() for r in self.comparison.regions)
            how = self.tolerance, self.levels.median, self.views
            add = AddRegions(self.fitted, regions, *how)
            names = [r.name for r in regions], self.pixels.candidates
            rows = RegionRows(*names, self.planes)
            return Pass("regions", add, rows.add, lambda: self.parts.update(rows.parts(self)))
        return None

    @property
    def fitted(self) -> Fitted:
        """What computes the maps of this unit, once it is fitted."""
        return Fitted(self.pixels, self.fits, frozenset(self._masked), self._z_taps)

    # ---- first pass: grey levels and moments

    _measured = False

    def _take_measures(self, block: Block, part: Any) -> None:
        self._levels.add(part.levels)
        for name, (masked, rows) in part.moments.items():
            self._rows[name].add(block, rows.reshape(*block.shape, -1))
            if masked:
                self._masked.add(name)

    def _fit(self) -> None:
        self._measured = True
        self._levels.end(counted_exactly(self.pixels.truth.dtype))
        if self._levels.net is None:
            self._settle()

    def _take_caught(self, block: Block, caught: Any) -> None:
        self._levels.catch(caught)

    def _refined(self) -> None:
        self._levels.next_round()
        if self._levels.net is None:
            self._settle()

    def _settle(self) -> None:
        self.levels = self._levels.levels()
        for name, rows in self._rows.items():
            moments = combine(rows.in_reading_order())
            self.fits[name] = fit_of(self.comparison.settings.convention, self.levels, moments)

    # ---- second pass: SSIM and difference, and intensities

    @cached_property
    def lines(self) -> dict[str, Axes]:
        """How candidates are laid beside the ground truth; those that do not rise are not there."""
        low, spread = self.levels.low, self.levels.spread
        every = {name: axes_of(fit.moments, low, spread) for name, fit in self.fits.items()}
        return {name: axes for name, axes in every.items() if axes is not None}

    def _take_sums(self, block: Block, part: Any) -> None:
        sums, background, tallies = part
        for name, rows in sums.items():
            self._rows[name].add(block, rows)
        if background is not None:
            so_far = 0 if self._background is None else self._background
            self._background = so_far + background
        add_tallies(self._tallies, tallies)

    def _add_up(self) -> None:
        for name, rows in self._rows.items():
            self.sums[name] = np.zeros((len(self.planes), 11))
            self.sums[name][:, :BESIDE_RAW] = rows.by_plane()
        if self._background is not None:
            self.tolerance = tolerance(self._background, self.fits[RAW].data_range)
        self.curves = {n: curve_of(self._tallies.get(n)) for n in self.fits}
        add_tallies(self.pooled, self._tallies)
        self._tallies = {}

    # ---- third pass: the predictions beside raw

    _judged = False

    def _take_beside_raw(self, block: Block, part: Any) -> None:
        for name, rows in part.items():
            self._rows[name].add(block, rows)

    def _add_beside_raw(self) -> None:
        for name in self.pixels.predictions:
            self.sums[name][:, BESIDE_RAW:] = self._rows[name].by_plane()
        self._judged = True


def add_tallies(to: dict[str, Tally], found: Mapping[str, Tally]) -> None:
    """Add tallies of intensities, by candidate, to others."""
    for name, one in found.items():
        to[name] = to[name].plus(one) if name in to else one


@dataclass(frozen=True)
class Units:
    """The units of a comparison, and the blocks of all of them.

    Parameters
    ----------
    every : dict
        Units by frame and first plane.
    blocks : list of (Unit, Block)
        In an order in which what has been decoded is used up before the next is.
    planes : int
        Of a unit.
    pooled : dict
        By candidate, the tally of intensities of all of them.
    """

    every: Mapping[tuple[tuple[int, ...], int], Unit]
    blocks: Sequence[tuple[Unit, Block]]
    planes: int
    pooled: Mapping[str, Tally]

    def __iter__(self) -> Iterator[Unit]:
        return iter(self.every.values())

    def at(self, frame: tuple[int, ...], z: int) -> Unit:
        """Return the unit that a plane belongs to."""
        return self.every[frame, z - z % self.planes]


def units_of(
    comparison: Comparison, pixels: Pixels, views: Views | None, block_pixels: int
) -> Units:
    """Return the units of a comparison: a frame each, or a plane where the convention says so."""
    depth, height, width = pixels.truth.shape
    step = 1 if comparison.settings.convention.per_plane else max(1, depth)
    pooled: dict[str, Tally] = {}
    every = {
        (frame, z): Unit(
            comparison, pixels, frame, range(z, min(z + step, depth)), views, pooled=pooled
        )
        for frame in pixels.truth.frames
        for z in range(0, depth, step)
    }
    shape = depth, height, width
    deep = sigma_along_z(comparison) and step > 1 and pixels.grain == (1, 1)

    def cut(frame: tuple[int, ...]) -> Iterator[Block]:
        if deep:
            rows = max(1, 2 * block_pixels // (min(depth, DEEP) * max(1, width)))
            return deep_blocks_of(frame, shape, planes=DEEP, rows=rows)
        return blocks_of(frame, shape, block_pixels, grain=pixels.grain, planes=step)

    blocks = [
        (every[frame, b.z0 - b.z0 % step], b) for frame in pixels.truth.frames for b in cut(frame)
    ]
    return Units(every, blocks, step, pooled)
