"""How soon the worst places show artefacts that were planted in real restorations.

``python benchmarks/ranking.py --data DIR`` takes every ``gt.ome.tif`` below DIR (2D), simulates
raw from a random crop, denoises it, plants one artefact at a time and looks for it in the list.
The default seed is for development; quote figures of ``--report``, whose seed is another.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np
import tifffile
from scipy.ndimage import gaussian_filter, shift
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.restoration.places import RANKINGS, worst_places
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import CancelToken

DEVELOPMENT, REPORT = 1, 20_260
CROP = 320
#: Photo-electrons of the brightest pixels; read noise is 1.6.
PHOTONS = (10, 40, 160)
STRENGTHS = {"weak": 0.3, "medium": 0.6, "strong": 1.0}
SIZES = (12, 20, 32)
FIRST = 5


def denoisers(raw, sigma):
    """Restorations of an image whose noise has about this standard deviation."""
    yield "Gaussian", gaussian_filter(raw, 1.5)
    yield "NLM", denoise_nl_means(raw, 5, 6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    yield "TV", denoise_tv_chambolle(raw, weight=1.5 * sigma)


def bases(folder, rng):
    """Ground truth from 0 to about 1, raw, prediction, and the noise level."""
    for path in sorted(folder.rglob("gt.ome.tif")):
        image = tifffile.imread(path)
        if image.ndim != 2:
            continue
        image = image.astype(float)
        low, high = np.percentile(image, (0.1, 99.9))
        for photons in PHOTONS:
            y, x = (int(rng.integers(0, n - CROP + 1)) for n in image.shape)
            truth = (image[y : y + CROP, x : x + CROP] - low) / (high - low)
            electrons = photons * truth.clip(0) + 1
            raw = (rng.poisson(electrons) + rng.normal(0, 1.6, truth.shape) - 1) / photons
            sigma = np.sqrt(electrons.mean() + 1.6**2) / photons
            for _, prediction in denoisers(raw, sigma):
                yield truth, raw, prediction, photons


# ---- artefacts: each returns the changed prediction; `disc` is 1 within and soft at its rim


def filament(p, disc, at, size, strength, contrast, rng):
    """A bent bright line that is not there."""
    t = np.linspace(-1, 1, 8 * size)
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5)
    y = size / 2 * (np.sin(angle) * t + bend * np.cos(angle) * t * t)
    x = size / 2 * (np.cos(angle) * t - bend * np.sin(angle) * t * t)
    line = np.zeros_like(p)
    rows, columns = (np.rint(c + at[k]).astype(int) for k, c in enumerate((y, x)))
    line[rows, columns] = 1
    line = gaussian_filter(line, 1.2)
    return p + strength * contrast * line / line.max()


def blob(p, disc, at, size, strength, contrast, rng):
    """A bright spot that is not there."""
    return p + strength * contrast * gaussian_filter(disc, size / 8) * disc


def erased(p, disc, at, size, strength, contrast, rng):
    """What was bright is brought down to its surroundings."""
    ground = np.percentile(_around(p, at, size), 10)
    return p + strength * disc * np.minimum(ground - p, 0)


def moved(p, disc, at, size, strength, contrast, rng):
    """A part is put a few pixels away."""
    return p + disc * (_shifted(p, 5 * strength, rng) - p)


def sub_pixel(p, disc, at, size, strength, contrast, rng):
    """A part is put less than a pixel away."""
    return p + disc * (_shifted(p, strength, rng) - p)


def smoothed(p, disc, at, size, strength, contrast, rng):
    """A part lost its details."""
    return p + disc * (gaussian_filter(p, 4 * strength) - p)


def intensity(p, disc, at, size, strength, contrast, rng):
    """A part is too bright or too dark by a factor."""
    ground = np.percentile(_around(p, at, size), 10)
    return p + rng.choice([-0.5, 0.5]) * strength * disc * (p - ground)


ARTEFACTS = {f.__name__: f for f in (filament, blob, erased, moved, sub_pixel, smoothed, intensity)}
#: Those that need something there.
ON_STRUCTURE = ("erased", "moved", "sub_pixel", "smoothed", "intensity")


def _around(p, at, size):
    y, x = (slice(max(0, a - size), a + size) for a in at)
    return p[y, x]


def _shifted(p, by, rng):
    angle = rng.uniform(0, 2 * np.pi)
    return shift(p, (by * np.sin(angle), by * np.cos(angle)), order=3, mode="nearest")


def plant(kind, strength, truth, prediction, rng):
    """Plant one artefact at a random place; return the prediction and its box."""
    size = int(rng.choice(SIZES)) * (2 if kind == "sub_pixel" else 1)
    margin = size + 4
    allowed = np.zeros(truth.shape, bool)
    allowed[margin:-margin, margin:-margin] = True
    if kind in ON_STRUCTURE:
        smooth = gaussian_filter(truth, 3)
        allowed &= smooth > np.percentile(smooth, 90)
    rows, columns = np.nonzero(allowed if allowed.any() else np.ones_like(allowed))
    k = int(rng.integers(len(rows)))
    at = int(rows[k]), int(columns[k])
    y, x = np.indices(truth.shape)
    disc = (np.hypot(y - at[0], x - at[1]) <= size / 2).astype(float)
    disc = gaussian_filter(disc, 1.0)
    contrast = np.percentile(truth, 99) - np.percentile(truth, 10)
    changed = ARTEFACTS[kind](prediction, disc, at, size, strength, contrast, rng)
    half = size // 2
    return changed, (at[0] - half, at[0] + half, at[1] - half, at[1] + half)


def false_alarms(entries, box):
    """How many places come before the first that overlaps a box; None where none does."""
    y0, y1, x0, x1 = box
    for k, (_, _, a0, a1, b0, b1) in enumerate(entries.box.tolist()):
        if a0 < y1 and y0 < a1 and b0 < x1 and x0 < b1:
            return k
    return None


def rank_of(result, box, by):
    """False alarms before an artefact in one ranking."""
    return false_alarms(worst_places(result, "prediction", by=by), box)


def recall(ranks):
    """Share within the first places."""
    return sum(r is not None and r < FIRST for r in ranks) / len(ranks)


def main():
    """Plant, rank, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(REPORT if options.report else DEVELOPMENT)
    ranks = defaultdict(list)
    for truth, raw, prediction, photons in bases(options.data, rng):
        for kind in ARTEFACTS:
            for word, strength in STRENGTHS.items():
                changed, box = plant(kind, strength, truth, prediction, rng)
                g, p, r = (
                    Input(name, image, "yx")
                    for name, image in (("gt", truth), ("prediction", changed), ("raw", raw))
                )
                made = Comparison(Task.RESTORATION, g, (p,), r)
                result = complete(run_images(made, token=CancelToken(), threads=1))
                for by in RANKINGS:
                    ranks[kind, word, photons, by].append(rank_of(result, box, by))
    report(ranks)


def report(ranks):
    """Print recall by kind, strength and noise, and beside the rankings by one map."""

    def chosen(**want):
        names = ("kind", "word", "photons", "by")
        return [
            r
            for key, found in ranks.items()
            if all(dict(zip(names, key, strict=True))[k] == v for k, v in want.items())
            for r in found
        ]

    print(f"{len(chosen(by='worst'))} artefacts, recall within the first {FIRST} places\n")
    words, noise = list(STRENGTHS), [f"{p} e" for p in PHOTONS]
    heads = ["artefact", *words, *noise, "false alarms before", *RANKINGS]
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for kind in [*ARTEFACTS, None]:
        which = {} if kind is None else {"kind": kind}
        cells = [recall(chosen(by="worst", word=w, **which)) for w in words]
        cells += [recall(chosen(by="worst", photons=p, **which)) for p in PHOTONS]
        mine = [50 if r is None else r for r in chosen(by="worst", **which)]
        row = [kind or "all", *(f"{c:.2f}" for c in cells), f"{median(mine):g}"]
        row += [f"{recall(chosen(by=by, **which)):.2f}" for by in RANKINGS]
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
