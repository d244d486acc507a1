"""Small comparisons to test with."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from scipy import ndimage

from napari_verdict.comparison.entries import Entries
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.metrics.error_kinds import KINDS

if TYPE_CHECKING:
    from napari_verdict.comparison.findings import Finding


def texture(shape: tuple[int, int] = (96, 96), seed: int = 1) -> np.ndarray:
    """A smooth image with contrast everywhere, so that a shift can be seen."""
    noise = np.random.default_rng(seed).random(shape)
    image = ndimage.gaussian_filter(noise, 2.0, mode="wrap")
    return ((image - image.min()) / np.ptp(image) * 1000).astype(np.float32)


def discs(shape: tuple[int, int] = (40, 40)) -> np.ndarray:
    """Four separate discs with ids 1 to 4."""
    labels = np.zeros(shape, np.uint16)
    y, x = np.indices(shape)
    for k, (cy, cx) in enumerate([(9, 9), (9, 29), (29, 9), (29, 29)], start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= 25] = k
    return labels


def compare(
    truth: Any,
    *predictions: Any,
    raw: Any = None,
    task: Task = Task.RESTORATION,
    axes: str = "yx",
    ignore: Any = None,
    **settings: Any,
) -> Comparison:
    """A comparison of arrays or ready inputs; predictions are called a, b, c ..."""

    def as_input(name: str, data: Any) -> Input:
        return data if isinstance(data, Input) else Input(name, data, axes)

    return Comparison(
        task,
        as_input("truth", truth),
        tuple(as_input(n, p) for n, p in zip("abcdefg", predictions, strict=False)),
        None if raw is None else as_input("raw", raw),
        Settings(**settings),
        ignore,
    )


def by_code(findings: list[Finding]) -> dict[str, Finding]:
    """Findings by code; the last of each."""
    return {f.code: f for f in findings}


def remedies(finding: Finding) -> list[str]:
    """The ids of the ways out."""
    return [r.id for r in finding.remedies]


def fingerprint(comparison: Comparison) -> str:
    """The bytes of every array of a comparison, in one digest."""
    arrays = [comparison.ground_truth.data, *(p.data for p in comparison.predictions)]
    arrays += [comparison.raw.data] if comparison.raw is not None else []
    arrays += [comparison.ignore] if comparison.ignore is not None else []
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class Unreadable:
    """An array whose pixels must not be read."""

    def __init__(self, shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        self.shape, self.dtype, self.ndim = shape, np.dtype(dtype), len(shape)

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("pixels were read")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("pixels were read")


class OnlySlices:
    """An array that, like a file, gives only what is asked for by integers and slices."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data
        self.shape, self.dtype = data.shape, data.dtype
        self.read = 0

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self._data[key]
        self.read += part.size
        return part


def entries_table(rows: list[tuple[Any, ...]], candidate: str = "a") -> Entries:
    """Entries with one frame axis of (kind, role, id, partner, value, size, frame) rows."""
    kind, role, ids, partner, value, size, frame = zip(*rows, strict=True) if rows else [()] * 7
    n = len(rows)
    centroid = np.zeros((n, 3))
    centroid[:, 2] = np.arange(n)
    box = np.tile(np.array([0, 1, 0, 1, 0, 1]), (n, 1))
    box[:, 4:] += np.arange(n)[:, np.newaxis]
    return Entries(
        candidate,
        KINDS,
        np.array([KINDS.index(k) for k in kind], np.uint8),
        np.array(role, np.uint8),
        np.array(ids, np.int64),
        np.array(partner, np.int64),
        np.array(value, np.float64),
        "IoU",
        np.array(size, np.int64),
        np.array(frame, np.intp).reshape(n, 1),
        box,
        centroid,
    )


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return an image of 8 bits as it is after it was saved as JPEG."""
    file = BytesIO()
    grey = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
