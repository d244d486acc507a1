"""What evidence without ground truth cannot see: the examples of docs/evidence.md.

`python docs/evidence_examples.py` prints them; nothing is read and nothing is written.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict import check_evidence

GAIN, OFFSET, READ = 2.2, 100.0, 1.6
CAMERA = {"gain": GAIN, "offset": OFFSET, "read_noise": READ}
SIZE, AT = 512, (128, 384)


def electrons() -> np.ndarray:
    """Cells on a dark background, with detail in them."""
    rng = np.random.default_rng(1)
    cells = gaussian_filter(rng.random((SIZE, SIZE)), 12.0, mode="wrap")
    cells = np.clip((cells - np.median(cells)) / np.ptp(cells), 0, None)
    detail = gaussian_filter(rng.standard_normal((SIZE, SIZE)), 1.5, mode="wrap")
    return 3 + 60 * cells / cells.max() * (1 + 0.35 * detail / detail.std()).clip(0.1)


def grey(image: np.ndarray) -> np.ndarray:
    """What a perfect denoiser makes of it."""
    return OFFSET + GAIN * image


def capture(image: np.ndarray, seed: int = 2) -> np.ndarray:
    """What the camera makes of it."""
    rng = np.random.default_rng(seed)
    noisy = rng.poisson(image) + rng.normal(0, READ, image.shape)
    return np.rint(OFFSET + GAIN * noisy).astype(np.uint16)


def blob(amplitude: float) -> np.ndarray:
    """A spot of 3 px."""
    y, x = np.indices((SIZE, SIZE))
    return amplitude * np.exp(-((y - AT[0]) ** 2 + (x - AT[1]) ** 2) / (2 * 3.0**2))


def count_photons() -> None:
    """Print how many places a right prediction has where a camera counts photons."""
    rng = np.random.default_rng(0)
    cells = gaussian_filter(rng.random((SIZE, SIZE)), 8.0)
    cells = np.clip((cells - np.median(cells)) / np.ptp(cells), 0, None)
    for background in (0.4, 0.2, 0.1, 0.02):
        mean = background + 20 * cells / cells.max()
        raw = np.random.default_rng(1).poisson(mean).astype(np.uint16)
        counts = {"gain": 1.0, "offset": 0.0, "read_noise": 0.0}
        found = [
            len(check_evidence(mean, raw, noise=n).places["prediction"]) for n in (None, counts)
        ]
        print(f"{background:g} photons: {found[0]} places, {found[1]} with the camera entered")


def report(what: str, result: object, name: str = "prediction") -> None:
    """Print one line of the table."""
    evidence = result.maps[name]["evidence"][AT]  # type: ignore[attr-defined]
    places = result.places[name]  # type: ignore[attr-defined]
    print(f"| {what} | {evidence:.1f} | {len(places)} |")


if __name__ == "__main__":
    truth = electrons()
    raw = capture(truth)
    right = check_evidence(grey(truth), raw, noise=CAMERA)
    limit = float(right.maps["prediction"]["limit"][AT])
    low, high = (right.score(f"threshold_{s}", "prediction").value for s in ("low", "high"))
    print(f"limit {limit:.1f} ADU, thresholds {low:.2f} and {high:.2f}")
    print("| prediction | evidence at the spot | places |\n|---|---|---|")
    report("the truth", right)
    for share in (0.5, 1.0, 2.0):
        shown = grey(truth) + blob(share * limit)
        report(f"a spot of {share:g} limits made up", check_evidence(shown, raw, noise=CAMERA))
    # something in the light path that every image of this field has
    dirty = truth + blob(8 * limit) / GAIN
    result = check_evidence(grey(dirty), capture(dirty), noise=CAMERA)
    report("a spot of 8 limits that raw shares", result)
    print("\n| prediction | noise model | slope | places |\n|---|---|---|---|")
    predictions = {
        f"raw under a Gaussian of {s:g} px": gaussian_filter(raw * 1.0, s) for s in (2, 4)
    }
    predictions["the truth and raw, half and half"] = (grey(truth) + raw) / 2
    cases = [(what, shown, raw) for what, shown in predictions.items()]
    # structure that no optics made smooth: every pixel has a brightness of its own
    fine = truth * np.random.default_rng(3).uniform(0.2, 1.8, truth.shape)
    cases.append(("fine structure, the truth", grey(fine), capture(fine)))
    cases.append(("fine structure, lost", grey(gaussian_filter(fine, 2.0)), capture(fine)))
    for what, shown, raw in cases:
        for source, noise in (("entered", CAMERA), ("estimated", None)):
            result = check_evidence(shown, raw, noise=noise)
            slope = result.conditions["prediction"].noise.slope
            print(f"| {what} | {source} | {slope:.2f} | {len(result.places['prediction'])} |")
    print()
    count_photons()
