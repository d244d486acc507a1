"""How soon the worst places show artefacts that were planted in real restorations.

``python benchmarks/ranking.py --data DIR`` takes crops of images that scikit-image and the plugin
bring along and of those below DIR (``denoising``, ``dsb2018``, ``ovule3d``), simulates raw,
denoises it, plants one artefact at a time and looks for it in the list. The images of
``--report`` are others than those that the ranking is developed with, and so is the seed.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import skimage.data
import tifffile
from scipy.ndimage import convolve1d, gaussian_filter, median_filter, shift, uniform_filter
from skimage.io import imread
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.restoration.places import RANKINGS, SCALE, worst_places
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.samples import denoising_triplet, segmentation_pair

DEVELOPMENT, REPORT = 1, 20_260
CROP = 320
#: Photo-electrons of the brightest pixels; read noise is 1.6.
PHOTONS = (10, 40, 160, 640)
STRENGTHS = {"weak": 0.3, "medium": 0.6, "strong": 1.0}
SIZES = (12, 20, 32)
FIRST = 5
#: An artefact is large where it changes its place by so many times the usual error there.
LARGE = 2.0
#: Classes of artefacts by that, each from here to the next.
CLASSES = (0.5, 1.0, LARGE, np.inf)


# ---- images, noise, predictions


def images(folder, held_out):
    """Name, ground truth of two dimensions, and the file of a network's prediction or None."""
    brought = Path(skimage.data.__file__).parent
    network = "denoising/{}/prediction_cnn.ome.tif"
    if not held_out:
        truth = tifffile.imread(folder / "denoising/bpae_actin/gt.ome.tif")
        yield "actin", truth, folder / network.format("bpae_actin")
        yield "filaments", denoising_triplet()["ground_truth"], None
        yield "retina", skimage.data.retina()[300:1100, 300:1100, 1], None
        yield "stars", skimage.data.hubble_deep_field()[..., 0], None
        for name in ("cell", "camera", "coins", "brick"):
            yield name, imread(brought / f"{name}.png"), None
        return
    truth = tifffile.imread(folder / "denoising/hela_mito/gt.ome.tif")
    yield "mitochondria", truth, folder / network.format("hela_mito")
    yield "simulated nuclei", segmentation_pair()["raw"], None
    yield "nuclei", tifffile.imread(folder / "dsb2018/raw.ome.tif"), None
    yield "tissue", 255 - imread(brought / "ihc.png")[..., 1], None
    for name in ("moon", "gravel", "grass"):
        yield name, imread(brought / f"{name}.png"), None
    # not looked at before the ranking was settled
    membranes = tifffile.imread(folder / "ovule3d/raw.ome.tif")[16]
    yield "membranes", membranes, None
    for name in ("astronaut", "coffee", "motorcycle_left"):
        yield name, imread(brought / f"{name}.png")[..., 1], None


def denoisers(raw, sigma):
    """Restorations of an image whose noise has about this standard deviation."""
    yield "Gaussian 1.5", gaussian_filter(raw, 1.5)
    yield "Gaussian 3", gaussian_filter(raw, 3)
    yield "median", median_filter(raw, 5)
    yield "NLM", denoise_nl_means(raw, 5, 6, h=0.8 * sigma, sigma=sigma, fast_mode=True)
    yield "TV", denoise_tv_chambolle(raw, weight=1.5 * sigma)
    yield "wavelet", wavelet(raw, sigma)


def wavelet(raw, sigma):
    """Keep what exceeds 3 standard deviations of noise in four scales of B3 spline wavelets."""
    kept, left = np.zeros_like(raw), raw
    for k, share in enumerate((0.89, 0.2, 0.086, 0.041)):
        kernel = np.zeros(4 * 2**k + 1)
        kernel[:: 2**k] = np.array([1, 4, 6, 4, 1]) / 16
        smooth = convolve1d(convolve1d(left, kernel, axis=0), kernel, axis=1)
        kept += (left - smooth) * (abs(left - smooth) > 3 * share * sigma)
        left = smooth
    return kept + left


@dataclass
class Base:
    """A prediction to plant artefacts in; ground truth from 0 to about 1."""

    image: str
    denoiser: str
    noise: str
    truth: np.ndarray
    raw: np.ndarray
    prediction: np.ndarray


def bases(folder, held_out, rng):
    """Every image at every noise level, by every denoiser."""
    for name, image, network in images(folder, held_out):
        image = image.astype(float)
        low, high = np.percentile(image, (0.1, 99.9))
        height, width = (min(CROP, n) for n in image.shape)
        for photons in PHOTONS:
            y, x = (
                int(rng.integers(0, n - m + 1))
                for n, m in zip(image.shape, (height, width), strict=True)
            )
            crop = np.s_[y : y + height, x : x + width]
            truth = (image[crop] - low) / (high - low)
            electrons = photons * truth.clip(0) + 1
            raw = (rng.poisson(electrons) + rng.normal(0, 1.6, truth.shape) - 1) / photons
            sigma = np.sqrt(electrons.mean() + 1.6**2) / photons
            for denoiser, prediction in denoisers(raw, sigma):
                yield Base(name, denoiser, f"{photons} e", truth, raw, prediction)
            if network is not None:
                real = tifffile.imread(network.with_name("raw.ome.tif"))[crop].astype(float)
                prediction = tifffile.imread(network)[crop].astype(float)
                yield Base(name, "U-Net", "camera", truth, *(
                    np.polyval(fit(p, truth), p) for p in (real, prediction)))  # fmt: skip


def fit(prediction, truth):
    """Gain and offset that bring a prediction nearest to the ground truth."""
    return np.polyfit(prediction.ravel(), truth.ravel(), 1)


def times_usual(base, changed):
    """How many times the usual error a planting changes its place by.

    Of the box of `SCALE` pixels where the root mean square of the change is largest: that,
    over the root mean square error that the prediction had before in the box of twice the side
    around it.
    """
    gain, offset = fit(base.prediction, base.truth)
    change = uniform_filter((gain * (changed - base.prediction)) ** 2, SCALE)
    error = (gain * base.prediction + offset - base.truth) ** 2
    at = np.unravel_index(change.argmax(), change.shape)
    return float(np.sqrt(change[at] / uniform_filter(error, 2 * SCALE)[at]))


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
    return changed, (at[0] - half, at[0] + half, at[1] - half, at[1] + half), size


def false_alarms(entries, box):
    """How many places come before the first that overlaps a box; None where none does."""
    y0, y1, x0, x1 = box
    for k, (_, _, a0, a1, b0, b1) in enumerate(entries.box.tolist()):
        if a0 < y1 and y0 < a1 and b0 < x1 and x0 < b1:
            return k
    return None


@dataclass
class Trial:
    """One planted artefact and what the rankings made of it."""

    kind: str
    strength: str
    size: int
    image: str
    denoiser: str
    noise: str
    times: float
    ranks: dict[str, int | None]
    named: str


def tried(base, kind, rng):
    """Plant an artefact of random strength and size, and look for it."""
    word = str(rng.choice(list(STRENGTHS)))
    changed, box, size = plant(kind, STRENGTHS[word], base.truth, base.prediction, rng)
    g, p, r = (
        Input(name, image, "yx")
        for name, image in (("gt", base.truth), ("prediction", changed), ("raw", base.raw))
    )
    made = Comparison(Task.RESTORATION, g, (p,), r)
    result = complete(run_images(made, token=CancelToken(), threads=1))
    lists = {by: worst_places(result, "prediction", by=by) for by in RANKINGS}
    ranks = {by: false_alarms(entries, box) for by, entries in lists.items()}
    first, entries = ranks["worst"], lists["worst"]
    return Trial(kind, word, size, base.image, base.denoiser, base.noise,
                 times_usual(base, changed), ranks,
                 "" if first is None else entries.kinds[entries.kind[first]])  # fmt: skip


def main():
    """Plant, rank, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--report", action="store_true", help="held-out images, another seed")
    parser.add_argument("--repeats", type=int, default=1, help="artefacts of a kind in each")
    options = parser.parse_args()
    rng = np.random.default_rng(REPORT if options.report else DEVELOPMENT)
    trials = [
        tried(base, kind, rng)
        for base in bases(options.data, options.report, rng)
        for kind in ARTEFACTS
        for _ in range(options.repeats)
    ]
    report(trials)


# ---- tables


def report(trials):
    """Print recall by how large the change is, and of large ones by what they are."""
    large = [t for t in trials if t.times >= LARGE]
    print(f"{len(trials)} artefacts, {len(large)} of them large; recall within the first {FIRST}\n")
    spans = list(zip((0.0, *CLASSES[:-1]), CLASSES, strict=True))
    table("artefact", [*ARTEFACTS, None], [f"{a:g} to {b:g}" for a, b in spans],
          lambda kind, k: recall([t for t in trials if kind in (None, t.kind)
                                  and spans[k][0] <= t.times < spans[k][1]]))  # fmt: skip
    for name in ("kind", "strength", "size", "noise", "denoiser", "image"):
        values = dict.fromkeys(getattr(t, name) for t in large)
        print(f"| large, by {name} | recall | false alarms before (median, 95 %) | "
              + " | ".join(RANKINGS) + " |\n" + "|---" * (3 + len(RANKINGS)) + "|")  # fmt: skip
        for value in [*(sorted(values) if name == "size" else values), None]:
            row(value, [t for t in large if value in (None, getattr(t, name))])
        print()
    print("| large and found | named |\n|---|---|")
    for kind in ARTEFACTS:
        names = defaultdict(int)
        for t in large:
            if t.kind == kind and t.named:
                names[t.named] += 1
        said = ", ".join(f"{k} {n}" for k, n in sorted(names.items(), key=lambda x: -x[1]))
        print(f"| {kind} | {said} |")


def row(value, trials):
    """Print one row about large artefacts."""
    before = [50 if t.ranks["worst"] is None else t.ranks["worst"] for t in trials]
    cells = [recall(trials), f"{median(before):g}, {np.percentile(before, 95):.0f}"]
    cells += [recall(trials, by).split(" ")[0] for by in RANKINGS]
    print(f"| {'all' if value is None else value} | " + " | ".join(cells) + " |")


def table(head, rows, columns, cell):
    """Print a table of cells by row and number of column."""
    print(f"| {head} | " + " | ".join(columns) + " |\n" + "|---" * (1 + len(columns)) + "|")
    for name in rows:
        cells = (cell(name, k) for k in range(len(columns)))
        print(f"| {name or 'all'} | " + " | ".join(cells) + " |")
    print()


def recall(trials, by="worst"):
    """Share within the first places, and of how many."""
    found = sum(t.ranks[by] is not None and t.ranks[by] < FIRST for t in trials)
    return f"{found / len(trials):.3f} of {len(trials)}" if trials else "–"


if __name__ == "__main__":
    main()
