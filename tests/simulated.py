"""A simulated field of known truth, and an annotator who labels tiles of it without a mistake."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, stats

from builders import compare
from napari_verdict.annotation.counting import Counter, TileCounts
from napari_verdict.annotation.sample import Sample
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.scoring import OBJECT_SCORES, PIXEL_SCORES
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.model import Task
from napari_verdict.metrics.estimates import ratio_estimate
from napari_verdict.metrics.foreground import pixel_counts
from napari_verdict.metrics.instances import instance_counts
from napari_verdict.metrics.matching import match
from napari_verdict.metrics.overlap import tabulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SIZE, TILE, MARGIN = 1024, 64, (0, 16, 16)
TERMS = OBJECT_SCORES | {"iou": PIXEL_SCORES["iou"]}


def scene(seed: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """About 1500 round cells; where they are dense, and in some areas, the model does worse."""
    rng = np.random.default_rng(seed)
    dense, hard = (_uneven(rng, sigma) for sigma in (90, 60))
    truth, found = np.zeros((2, SIZE, SIZE), np.int32)
    y, x = np.mgrid[-9:10, -9:10]
    ids = iter(range(1, SIZE * SIZE))
    for cy, cx in np.ndindex(SIZE // 20, SIZE // 20):
        at = np.clip(10 + 20 * np.array([cy, cx]) + rng.integers(-1, 2, 2), 9, SIZE - 10)
        if rng.random() > _sigmoid(1.5 * dense[tuple(at)] - 0.5):
            continue
        disc, cell = y**2 + x**2 <= rng.integers(5, 9) ** 2, next(ids)
        _stamp(truth, at, disc, cell)
        bad = _sigmoid(1.3 * hard[tuple(at)] + 0.8 * dense[tuple(at)] - 1.8)
        if rng.random() > 0.6 * bad:
            moved = rng.normal(0, 1 + 2.5 * bad, 2).round().astype(int).clip(-4, 4)
            _stamp(found, np.clip(at + moved, 9, SIZE - 10), disc, cell)
            if rng.random() < 0.25 * bad:
                _stamp(found, np.clip(at + moved, 9, SIZE - 10), disc & (y > 0), next(ids))
    return truth, found


def _uneven(rng: np.random.Generator, sigma: float) -> NDArray[np.float64]:
    coarse = ndimage.gaussian_filter(rng.normal(size=(SIZE // 8, SIZE // 8)), sigma / 8)
    smooth = ndimage.zoom(coarse, 8, order=1)
    return (smooth - smooth.mean()) / smooth.std()


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _stamp(labels: NDArray[np.int32], at: NDArray[np.int64], shape: NDArray[np.bool_], n: int):
    y, x = at
    labels[y - 9 : y + 10, x - 9 : x + 10][shape] = n


@dataclass(frozen=True)
class World:
    """All tiles of the scene with what the annotator would count, and the true scores."""

    grid: Grid
    counts: Mapping[object, TileCounts]
    truth: Mapping[str, float]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Errors of each tile: what two models that differ would disagree on."""
        tiles = [self.counts[self.grid.tile(k).place] for k in range(len(self.grid))]
        return np.array([t.instances.fp + t.instances.fn for t in tiles], float)


def world(seed: int = 1) -> World:
    truth, found = scene(seed)
    image = TiledImage("truth", "yx", truth.shape)
    grid = Grid((image,), TILE)
    plan = draw_tiles(grid, len(grid), margin=MARGIN, seed=0)
    counter = Counter(plan, compare(truth, found, task=Task.INSTANCES))
    counts = {t.place: counter.count(t)["a"] for t in plan.tiles}
    table = tabulate(truth, found)
    whole = TileCounts(instance_counts(match(table, 0.5)), pixel_counts(table))
    truths = {m: t.numerator(whole) / t.denominator(whole) for m, t in TERMS.items()}
    return World(grid, counts, truths)


@dataclass(frozen=True)
class Outcome:
    """What came of many drawings.

    `covered` is the share of intervals that hold the true score, `reported` that of drawings that
    have an interval.
    """

    covered: float
    reported: float
    bias: float
    width: float


def repeat(
    of: World, n: int, metric: str = "f1", *, how: str = "random", repeats: int = 500
) -> Outcome:
    """Draw n tiles again and again, and see how often the interval of a score holds the truth.

    `how` is ``random``; ``weighted`` or ``unweighted`` for tiles drawn by errors; ``objects`` for
    random tiles with a binomial (Wilson) interval over objects.
    """
    priorities = of.errors if "weighted" in how else None
    terms, true = TERMS[metric], of.truth[metric]
    hits, values, widths = 0, [], []
    for seed in range(repeats):
        plan = draw_tiles(of.grid, n, margin=MARGIN, seed=seed, priorities=priorities)
        counts = [of.counts[t.place] for t in plan.tiles]
        s, k = ([f(c) for c in counts] for f in (terms.numerator, terms.denominator))
        if how == "unweighted":
            ratio = ratio_estimate(s, k, "", population=len(of.grid))
        else:
            ratio = Sample(plan, tuple(range(n))).ratio(s, k, "")
        low, high, _ = ratio.interval()
        if how == "objects":
            low, high = stats.binomtest(int(sum(s)), int(sum(k))).proportion_ci(method="wilson")
        values.append(ratio.value.value)
        if not math.isnan(low):
            hits += low <= true <= high
            widths.append(high - low)
    return Outcome(
        float(hits / len(widths)),
        len(widths) / repeats,
        float(np.mean(values)) - true,
        float(np.mean(widths)),
    )
