"""Images against images: two passes over the blocks, then scores and maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from operator import call
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.model import RAW, Comparison
from napari_verdict.comparison.restoration.scores import image_rows, region_rows
from napari_verdict.comparison.restoration.units import units_of
from napari_verdict.comparison.result import Progress, Result
from napari_verdict.engine.blocks import BLOCK_PIXELS
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.sources import canonical_view
from napari_verdict.metrics.gain import gain_map

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken

    Maps = Mapping[str, NDArray[np.float32]]


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
    truth = comparison.ground_truth
    stored: dict[str, dict[str, NDArray[np.float32]]] = {
        name: {m: np.empty(truth.shape, np.float32) for m in ("ssim", "difference")}
        for name in comparison.candidates
    }
    views = {
        name: {m: canonical_view(a, truth.axes) for m, a in maps.items()}
        for name, maps in stored.items()
    }
    units = units_of(comparison, views, pixels)
    steps = [list(of_pass) for of_pass in zip(*(u.passes for u in units), strict=True)]
    total, done = len(steps) * sum(len(u.blocks) for u in units), 0
    for step in steps:
        tasks = [
            partial(one.task, block)
            for unit, one in zip(units, step, strict=True)
            for block in unit.blocks
        ]
        parts = run_blocks(call, tasks, token=token, threads=threads)
        for unit, one in zip(units, step, strict=True):
            of_unit = []
            for part in islice(parts, len(unit.blocks)):
                of_unit.append(part)
                done += 1
                yield Progress(done, total, one.what)
            one.collect(of_unit)
    rows = image_rows(comparison, units) + region_rows(comparison, units, stored, token)
    return ImageResult(comparison, rows, stored=stored)


class _Maps(Mapping[str, "NDArray[np.float32]"]):
    """The maps of one candidate; RSE and gain are derived when they are asked for."""

    def __init__(self, stored: Maps, raw: Maps | None) -> None:
        self._stored, self._raw = stored, raw
        self._names = ("ssim", "rse", "difference", *(("gain",) if raw is not None else ()))

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        if name not in self._names:
            raise KeyError(name)
        if name == "rse":
            return np.abs(self._stored["difference"])
        if name == "gain" and self._raw is not None:
            return gain_map(self._raw["difference"], self._stored["difference"])
        return self._stored[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True, eq=False)
class ImageResult(Result):
    """Scores and maps of restored images.

    Parameters
    ----------
    stored : mapping of str to mapping of str to ndarray
        By candidate: the maps ``ssim`` and ``difference`` that the others follow from.
    """

    stored: Mapping[str, Maps] = field(default_factory=dict)

    @cached_property
    def _maps(self) -> dict[str, Mapping[str, Any]]:
        raw = self.stored.get(RAW)
        return {n: _Maps(m, None if n == RAW else raw) for n, m in self.stored.items()}

    @property
    def maps(self) -> Mapping[str, Mapping[str, NDArray[np.float32]]]:
        """Maps by candidate: ``ssim rse difference``, and ``gain`` for predictions beside raw.

        float32, shaped and with axes as the ground truth; NaN where a pixel is ignored or
        not finite. Units are those of the convention: normalised, or the image's.
        """
        return self._maps
