"""SSIM and whole runs of restored images, side by side with others, as tables in Markdown.

Run with ``python benchmarks/restoration.py``. What is compared is run in turns, and the medians
of the turns are printed with their ratio: times hold within one run on one machine only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.conventions import LAINE_2021, RAW_UNITS
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.executor import run_blocks
from napari_verdict.metrics.ssim import (
    RADIUS,
    SIGMA,
    Affine,
    Window,
    gaussian_taps,
    reflected,
    ssim_block,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Images = list[np.ndarray]

STATUS = Path("/proc/self/status")


def images(shape: tuple[int, ...], n: int = 4) -> Images:
    """A ground truth, raw and predictions in float32."""
    rng = np.random.default_rng(0)
    truth = gaussian_filter(rng.random(shape, np.float32), 3)
    truth *= 1000 / truth.max()
    noise = (100, 10, 20, 30)[:n]
    return [truth, *(truth + rng.normal(0, s, shape).astype(np.float32) for s in noise)]


# ---- what is compared


def ours(truth: np.ndarray, candidates: Images, threads: int = 2) -> tuple[Any, Images]:
    """Maps and means by blocks on threads; in 3D with a window in 3D."""
    volume = truth.ndim == 3
    truth, *others = (a if volume else a[np.newaxis] for a in (truth, *candidates))
    depth, height, width = truth.shape
    taps = gaussian_taps(SIGMA) if volume else np.ones(1)
    reach = len(taps) // 2
    outs = [np.empty(truth.shape, np.float32) for _ in others]
    means = [(float(truth[::8, ::8].mean()), float(o[::8, ::8].mean())) for o in others]
    planes = reflected(np.arange(-reach, depth + reach), depth)
    data_range = float(np.ptp(truth))

    def task(y0: int) -> tuple[np.ndarray, np.ndarray]:
        y1 = min(y0 + rows, height)
        at = reflected(np.arange(y0 - RADIUS, y1 + RADIUS), height)
        window = Window(planes, at, taps, y0)
        some = [o[:, y0:y1] for o in outs]
        affines = [Affine()] * len(others)
        return ssim_block(truth, others, affines, means, data_range, window, valid=None, outs=some)

    rows = max(16, (1 << 19) // (width * min(depth, 16)))
    parts = list(run_blocks(task, range(0, height, rows), token=CancelToken(), threads=threads))
    off_rim = slice(reach, depth - reach), slice(RADIUS, -RADIUS)
    sums, counts = (np.concatenate(p, axis=2)[:, *off_rim] for p in zip(*parts, strict=True))
    return sums.sum(axis=(1, 2)) / counts.sum(axis=(1, 2)), outs


def scikit_image(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, np.ndarray]:
    from skimage.metrics import structural_similarity

    return structural_similarity(
        truth,
        prediction,
        data_range=float(np.ptp(truth)),
        gaussian_weights=True,
        sigma=SIGMA,
        use_sample_covariance=False,
        full=True,
    )


def opencv(truth: np.ndarray, prediction: np.ndarray) -> tuple[float, np.ndarray]:
    """The same composed by hand of OpenCV's Gaussian blurs, in float32 on its own threads."""
    import cv2

    def blur(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (11, 11), SIGMA, borderType=cv2.BORDER_REFLECT)

    data_range = float(np.ptp(truth))
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    x, y = blur(truth), blur(prediction)
    xx, yy = blur(truth * truth) - x * x, blur(prediction * prediction) - y * y
    xy = blur(truth * prediction) - x * y
    found = (2 * x * y + c1) * (2 * xy + c2) / ((x * x + y * y + c1) * (xx + yy + c2))
    return float(found[RADIUS:-RADIUS, RADIUS:-RADIUS].mean()), found


def whole_run(arrays: Images, *, predictions: int, raw: bool, ssim_3d: bool = False) -> Any:
    truth, its_raw, *others = arrays
    axes = "zyx"[-truth.ndim :]
    comparison = Comparison(
        Task.RESTORATION,
        Input("ground truth", truth, axes),
        tuple(Input(f"prediction {k}", p, axes) for k, p in enumerate(others[:predictions])),
        Input("raw", its_raw, axes) if raw else None,
        Settings(convention=RAW_UNITS if ssim_3d else LAINE_2021, ssim_3d=ssim_3d),
    )
    return complete(run_images(comparison, token=CancelToken(), threads=2))


# ---- how it is measured


def in_turns(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, run in turns; in each turn the second of two runs counts.

    The first finds the memory as another work left it, which costs what comes after the largest
    most.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            work()
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}


def show(title: str, seconds: dict[str, float]) -> None:
    """Print a table; ratios are to its first row."""
    first = next(iter(seconds.values()))
    print(f"\n### {title}\n\n| what | ms | ratio to the first |\n|---|---|---|")
    for name, s in seconds.items():
        print(f"| {name} | {1e3 * s:.1f} | {s / first:.2f} |")


def peak_of_map(size: int) -> None:
    """Print how far memory rises above what was there while an SSIM map is made."""
    code = f"import restoration; restoration.measure_peak({size})"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def measure_peak(size: int) -> None:
    ours(*_split(images((256, 256), 1)))  # kernels are loaded before
    truth, others = _split(images((size, size), 1))
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = _status("VmRSS")
    ours(truth, others)
    rise, map_ = _status("VmHWM") - before, 4 * size * size / 1024
    print(f"\nPeak above the images, {size} x {size}: {rise / 1024:.1f} MiB, of which the map "
          f"{map_ / 1024:.1f} MiB ({100 * (rise / map_ - 1):+.1f} %)")  # fmt: skip


def _status(field: str) -> int:
    lines = STATUS.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def _split(arrays: Images) -> tuple[np.ndarray, Images]:
    return arrays[0], arrays[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds

    truth, raw, *others = images((2048, 2048))
    doubles = truth.astype(float), others[0].astype(float)
    print("largest difference from scikit-image in float64:",
          abs(ours(truth, others[:1])[1][0][0] - scikit_image(*doubles)[1]).max())  # fmt: skip
    works: dict[str, Callable[[], Any]] = {
        "ours, two threads": lambda: ours(truth, others[:1]),
        "ours, one thread": lambda: ours(truth, others[:1], 1),
        "ours, raw and 3 predictions": lambda: ours(truth, [raw, *others]),
        "OpenCV's blurs, float32": lambda: opencv(truth, others[0]),
        "scikit-image, float32": lambda: scikit_image(truth, others[0]),
        "scikit-image, float64": lambda: scikit_image(*doubles),
    }
    show("SSIM map and mean, 2048 x 2048", in_turns(works, rounds))

    arrays = images((2048, 2048))
    works = {
        "1 prediction": lambda: whole_run(arrays, predictions=1, raw=False),
        "raw and 3 predictions": lambda: whole_run(arrays, predictions=3, raw=True),
    }
    show("All scores and maps, 2048 x 2048", in_turns(works, rounds))

    volume, _, prediction = images((32, 512, 512), 2)
    works = {
        "ours, two threads": lambda: ours(volume, [prediction]),
        "scikit-image, float32": lambda: scikit_image(volume, prediction),
    }
    show("SSIM with a window in 3D, 32 x 512 x 512", in_turns(works, max(3, rounds // 3)))

    sizes = {n: images((n, n), 2) for n in (512, 1024, 2048, 4096)}
    works = {
        f"{n} x {n}": lambda a=a: whole_run(a, predictions=1, raw=True) for n, a in sizes.items()
    }
    show("All scores and maps over size, raw and 1 prediction", in_turns(works, 3))
    del sizes
    if STATUS.exists():
        peak_of_map(4096)


if __name__ == "__main__":
    main()
