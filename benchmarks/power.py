"""How surely artefacts of a known amplitude are found without ground truth, against the limit.

``python benchmarks/power.py --data DIR`` takes crops of real images as the truth, simulates raw at
four noise levels, denoises it, plants one artefact at a time and looks for it among the
first entries of `check_evidence`. It prints the tables of docs/performance.md; ``--figure FILE``
draws recall against amplitude. DIR holds ``denoising`` and ``dsb2018``.

The limit is the one that was stated before anything was planted. Of blobs it is read from the
map; of another shape it is the amplitude whose evidence, without noise, would be the threshold.
What is hidden is planted in raw, as photons of its own; all else in the prediction.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
import tifffile
from ranking import _shifted, filament, wavelet
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter
from skimage.io import imread
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from napari_verdict import check_evidence
from napari_verdict.comparison.evidence.standard import Gathering
from napari_verdict.metrics.detail import detail_curve
from napari_verdict.metrics.evidence import SCALES, evidence_map
from napari_verdict.metrics.noise import NoiseModel
from napari_verdict.metrics.residuals import standardised_residual
from napari_verdict.samples import denoising_triplet

GAIN, OFFSET, READ = 2.2, 100.0, 1.6
CAMERA = NoiseModel.of_camera(GAIN, OFFSET, READ)
#: Photo-electrons of the brightest pixels, on a background of 1.
PHOTONS = (10, 40, 160, 640)
CROP = 256
FIRST = 5
#: What is planted, and how large: deviation of a blob, length of a filament, radius of a ring,
#: side of what is moved; in pixels.
SIZES = {
    "blob shown": SCALES,
    "blob hidden": SCALES,
    "filament shown": (12, 20, 32),
    "filament hidden": (12, 20, 32),
    "ring shown": (6, 10, 16),
    "edge moved": (12, 20, 32),
}
#: Amplitudes in limits: the first is planted in every prediction, the others by turns.
TWICE, ONCE, OTHERS = 2.0, 1.0, (0.5, 0.75, 1.5, 3.0)
KNOWN = {True: "known", False: "estimated"}


# ---- images, noise, predictions


def images(folder):
    """Name and image of each field."""
    brought = Path(skimage.data.__file__).parent
    yield "actin", tifffile.imread(folder / "denoising/bpae_actin/gt.ome.tif")
    yield "mitochondria", tifffile.imread(folder / "denoising/hela_mito/gt.ome.tif")
    yield "nuclei", tifffile.imread(folder / "dsb2018/raw.ome.tif")
    yield "filaments", denoising_triplet()["ground_truth"]
    yield "cell", imread(brought / "cell.png")
    yield "stars", skimage.data.hubble_deep_field()[..., 0]


#: Of each denoiser the strengths that are tried, weakest first.
STRENGTHS = {"NLM": (0.4, 0.6, 0.8), "TV": (0.4, 0.8, 1.5), "wavelet": (2, 3), "median": (3, 5, 7)}
#: Those that are looked at in their strongest form, too.
TOO_STRONG = ("TV", "median")


def denoisers(raw, truth):
    """Restorations in grey values, of the strength that comes nearest to the truth, or too strong.

    The noise is made even first, and photons are had back from that, as is usual.
    """
    electrons = (raw - OFFSET) / GAIN
    even = 2 * np.sqrt(np.maximum(electrons + 3 / 8 + READ**2, 0))
    run = {
        "NLM": lambda s: denoise_nl_means(even, 5, 6, h=s, sigma=1, fast_mode=True),
        "TV": lambda s: denoise_tv_chambolle(even, weight=s),
        "wavelet": lambda s: wavelet(even, s / 3),
        "median": lambda s: median_filter(even, s),
    }
    for name, strengths in STRENGTHS.items():
        made = [OFFSET + GAIN * (run[name](s) ** 2 / 4 - 1 / 8 - READ**2) for s in strengths]
        yield name, min(made, key=lambda p: float(((p - truth) ** 2).mean()))
        if name in TOO_STRONG:
            yield f"{name}, too strong", made[-1]


@dataclass
class Base:
    """A prediction to plant artefacts in, all in grey values."""

    image: str
    denoiser: str
    noise: str
    truth: np.ndarray
    raw: np.ndarray
    prediction: np.ndarray
    seed: int


def bases(folder):
    """Every image at every noise level, by every denoiser; and two of a U-Net."""
    rng = np.random.default_rng(20_260)
    for name, image in images(folder):
        for photons in PHOTONS:
            y, x = (int(rng.integers(0, n - CROP + 1)) for n in image.shape)
            # so that the noise of the field's own camera is none of its structure
            smooth = gaussian_filter(image.astype(float), 1.0)
            low, high = np.percentile(smooth, (0.1, 99.9))
            crop = smooth[y : y + CROP, x : x + CROP]
            electrons = photons * np.clip((crop - low) / (high - low), 0, None) + 1
            noisy = rng.poisson(electrons) + rng.normal(0, READ, electrons.shape)
            raw = np.rint(OFFSET + GAIN * noisy)
            truth = OFFSET + GAIN * electrons
            for denoiser, prediction in denoisers(raw, truth):
                seed = int(rng.integers(2**31))
                yield Base(name, denoiser, f"{photons} e", truth, raw, prediction, seed)
    for name in ("bpae_actin", "hela_mito"):
        raw, prediction, truth = (
            tifffile.imread(folder / f"denoising/{name}/{n}.ome.tif").astype(float)
            for n in ("raw", "prediction_cnn", "gt")
        )
        truth = np.polyval(np.polyfit(truth.ravel(), raw.ravel(), 1), truth)
        for y, x in ((0, 0), (0, 400), (192, 0), (192, 400)):
            crop = np.s_[y : y + CROP, x : x + CROP]
            seed = int(rng.integers(2**31))
            yield Base(name, "U-Net", "camera", truth[crop], raw[crop], prediction[crop], seed)


def estimated(base):
    """Return estimated over true variance where 10, 50, 90 and 99 % of pixels are dimmer."""
    curve = detail_curve(base.raw, base.prediction, np.ones(base.raw.shape, bool))
    at = np.quantile(base.truth, (0.1, 0.5, 0.9, 0.99))
    return curve.fit("raw").variance(at) / CAMERA.variance(at)


# ---- artefacts


def shape_of(kind, size, prediction, rng):
    """An artefact of amplitude 1 at a random place."""
    what = kind.split()[0]
    margin = 24
    at = rng.integers(margin, CROP - margin, 2)
    if what == "edge":
        smooth = gaussian_filter(prediction, 3)[margin:-margin, margin:-margin]
        bright = np.argwhere(smooth > np.percentile(smooth, 90))
        at = bright[rng.integers(len(bright))] + margin
    y, x = np.indices(prediction.shape)
    r = np.hypot(y - at[0], x - at[1])
    if what == "blob":
        return np.exp(-(r**2) / (2 * size**2)), at
    if what == "ring":
        return np.exp(-((r - size) ** 2) / (2 * 1.5**2)), at
    if what == "filament":
        return filament(np.zeros_like(prediction), None, at, size, 1.0, 1.0, rng), at
    disc = gaussian_filter((r <= size / 2).astype(float), 1.0)
    change = disc * (_shifted(prediction, 0.5, rng) - prediction)
    return change / abs(change).max(), at


def limit_of(kind, size, shape, at, prediction, conditions):
    """The amplitude that the method said it would have noticed, before it was planted."""
    low, high = conditions.gathering.low, conditions.gathering.high
    if kind.startswith("blob"):
        everywhere, rows = np.ones(prediction.shape, bool), slice(0, CROP)
        limits = Gathering(SCALES, size, low, high).limit(
            prediction, everywhere, conditions.noise, rows
        )
        return float(limits[tuple(at)])
    near = np.s_[tuple(slice(max(0, c - 44), c + 45) for c in at)]
    here, part = prediction[near], shape[near]
    threshold, amplitude = max(-low, high), 1.0
    for _ in range(8):
        pair = (here, here + amplitude * part)
        raw, shown = pair[::-1] if kind.endswith("hidden") else pair
        z = standardised_residual(raw, shown, conditions.noise)
        amplitude *= threshold / float(abs(evidence_map(z)).max())
    return amplitude


@dataclass
class Trial:
    """One planted artefact, and where in the list it is."""

    kind: str
    size: float
    image: str
    denoiser: str
    noise: str
    known: bool
    times: float
    #: Places ahead of it; None where it is not in the list.
    rank: int | None
    #: Those of them where the prediction was wrong before, as the truth shows.
    wrong_ahead: int
    #: Evidence that the prediction was wrong there the other way before, in thresholds.
    against: float
    #: Whether a stronger place of the same sign has it in its box.
    within: bool


def tried(base, known, before, kind, times, rng):
    """Plant one artefact and look for it."""
    size = SIZES[kind][rng.integers(len(SIZES[kind]))]
    shape, at = shape_of(kind, size, base.prediction, rng)
    conditions = before.conditions["prediction"]
    amplitude = times * limit_of(kind, size, shape, at, base.prediction, conditions)
    raw, shown, truth = base.raw, base.prediction, base.truth
    if kind.endswith("hidden"):
        more = amplitude * shape
        raw = np.rint(raw + GAIN * rng.poisson(more / GAIN))
        truth = truth + more
        sides = (1,)
    else:
        shown = shown + amplitude * shape
        sides = (-1,) if kind.endswith("shown") else (-1, 1)
    result = check_evidence(shown, raw, noise=CAMERA if known else None, threads=1)
    places = result.places["prediction"]
    support = maximum_filter(abs(shape) > 0.3, 9)
    fits = [bool(support[p.peak]) and np.sign(p.height) in sides for p in places]
    rank = fits.index(True) if any(fits) else None
    # what the truth alone says against the prediction as it was, without noise
    was = evidence_map(standardised_residual(base.truth, base.prediction, CAMERA))
    ahead = places[:rank]
    wrong = sum(was[p.peak] * np.sign(p.height) > abs(p.height) / 2 for p in ahead)
    within = any(
        p.box[0] <= at[0] < p.box[1] and p.box[2] <= at[1] < p.box[3]
        and np.sign(p.height) in sides for p in ahead
    )  # fmt: skip
    threshold = max(-conditions.gathering.low, conditions.gathering.high)
    against = max(0.0, float(max(-was[tuple(at)] * s for s in sides))) / threshold
    return Trial(kind, size, base.image, base.denoiser, base.noise, known, times,
                 rank, wrong, against, within)  # fmt: skip


def trials_of(base):
    """All artefacts in one prediction."""
    rng, trials = np.random.default_rng(base.seed), []
    for known in (True, False):
        noise = CAMERA if known else None
        try:
            before = check_evidence(base.prediction, base.raw, noise=noise, threads=1)
        except ValueError as refused:
            print(f"{base.image}, {base.noise}, {base.denoiser}: {refused}", flush=True)
            continue
        for kind in SIZES:
            once_more = ONCE if rng.random() < 0.5 else float(rng.choice(OTHERS))
            trials += [tried(base, known, before, kind, x, rng) for x in (TWICE, once_more)]
    return trials


# ---- tables and the figure


def ahead_of(trial, right):
    """Places ahead of an artefact; with `right` without those where it was wrong before."""
    return None if trial.rank is None else trial.rank - (trial.wrong_ahead if right else 0)


def among_first(trials, *, right=False):
    """Share of artefacts among the first entries; NaN without any."""
    found = [r is not None and r < FIRST for r in (ahead_of(t, right) for t in trials)]
    return float(np.mean(found)) if found else float("nan")


def cells_of(trials):
    """Return one row of a table: recall at twice the limit and at the limit."""
    cells = []
    for times in (TWICE, ONCE):
        for known in KNOWN:
            here = [t for t in trials if (t.known, t.times) == (known, times)]
            n = round(among_first(here) * len(here)) if here else 0
            of_right = round(among_first(here, right=True) * len(here)) if here else 0
            cells.append(f"{n} ({of_right}) of {len(here)}")
    return cells


def report(trials):
    """Print recall by kind and size, noise level, denoiser, image; and why the others were not."""
    print(f"{len(trials)} artefacts. In brackets: places that were wrong before do not count.\n")
    for names in (("kind",), ("kind", "size"), ("noise",), ("denoiser",), ("image",), ()):
        rows = list(dict.fromkeys(tuple(getattr(t, n) for n in names) for t in trials))
        if "size" in names:
            rows = [(k, s) for k, sizes in SIZES.items() for s in sizes]
        columns = [f"{word}, {x:g}×" for x in (TWICE, ONCE) for word in KNOWN.values()]
        print(f"| {', '.join(names) or 'all'} | {' | '.join(columns)} |\n" + "|---" * 5 + "|")
        for row in rows:
            here = [t for t in trials if tuple(getattr(t, n) for n in names) == row]
            print(f"| {' '.join(map(str, row)) or 'all'} | {' | '.join(cells_of(here))} |")
        print()
    causes = Counter(
        (why(t), t.known) for t in trials if t.times == TWICE and not among_first([t])
    )  # fmt: skip
    print("| why not among the first, 2× | known | estimated |\n|---|---|---|")
    for cause in dict.fromkeys(c for c, _ in causes):
        print(f"| {cause} | {causes[cause, True]} | {causes[cause, False]} |")


def why(t):
    """Say why an artefact was not among the first entries."""
    if t.rank is not None and ahead_of(t, right=True) < FIRST:
        return "behind places where the prediction was wrong before"
    if t.rank is not None:
        return "behind places where it was right"
    if t.within:
        return "in the box of a stronger place"
    if t.against > 0.3:
        return "the prediction was wrong the other way there"
    return "not listed"


def draw(trials, path):
    """Draw recall against amplitude over limit, with the noise known and estimated."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    marks = dict(zip(SIZES, "os^vD*", strict=True))
    times = sorted({t.times for t in trials})
    for panel, (known, word) in zip(panels, KNOWN.items(), strict=True):
        for kind, mark in marks.items():
            recall = [
                among_first([t for t in trials if (t.known, t.kind, t.times) == (known, kind, x)])
                for x in times
            ]
            panel.plot(times, recall, mark + "-", label=kind, markersize=5, linewidth=1)
        panel.axhline(0.95, color="0.6", linewidth=0.8, linestyle=":")
        panel.axvline(TWICE, color="0.6", linewidth=0.8, linestyle=":")
        panel.set_xscale("log")
        panel.set_xticks(times, [f"{x:g}" for x in times])
        panel.minorticks_off()
        panel.set(xlabel="amplitude / limit", title=f"noise model {word}")
    panels[0].set_ylabel(f"share among the first {FIRST} entries")
    panels[1].legend(fontsize="small", frameon=False)
    figure.savefig(path, dpi=120)


def main():
    """Plant, look, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take one of so many predictions")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    every = list(bases(options.data))
    order = np.random.default_rng(1).permutation(len(every))[:: options.every]
    chosen = [every[k] for k in order]
    with ProcessPoolExecutor(options.processes) as pool:
        trials = [t for some in pool.map(trials_of, chosen) for t in some]
    report(trials)
    ratios = np.array([estimated(base) for base in chosen])
    print("\nestimated variance over the true one, least and most, at 10, 50, 90, 99 % of pixels")
    print(ratios.min(axis=0).round(2), ratios.max(axis=0).round(2))
    if options.figure:
        draw(trials, options.figure)


if __name__ == "__main__":
    main()
