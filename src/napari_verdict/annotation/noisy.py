"""Ground truth for restoration: a realistic noisy image made from a clean one.

Where no pair was acquired, a bright image is dimmed in the computer as a short exposure would
have been, the model restores that, and what comes out is compared with the original.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_verdict.comparison.result import Progress
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.sources import canonical_view
from napari_verdict.metrics.noise import NoiseModel

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input

#: Percentiles of the clean image that are dark, and bright: where the photon budget is reached.
DARK, BRIGHT = 0.1, 99.9
#: How many planes are looked at for them.
PROBED = 32


@dataclass(frozen=True)
class Exposure:
    """How a short exposure of the clean image would have been taken; all of it is recorded.

    Parameters
    ----------
    photons : float
        Photo-electrons where the clean image is as bright as `white`.
    black, white : float
        Grey values of the clean image without light, and of its brightest structures.
    blur : (float, float, float)
        Standard deviation of a Gaussian along z, y and x, in pixels; 0 for none.
    background : float
        Photo-electrons everywhere, such as of haze.
    gain : float
        Grey values (ADU) per photo-electron.
    offset : float
        Grey value without light, in ADU.
    read_noise : float
        Standard deviation without light, in photo-electrons.
    saturation : int
        Largest grey value; of what fits 16 bits.
    seed : int
        The same seed gives the same noise.
    """

    photons: float
    black: float
    white: float
    blur: tuple[float, float, float] = (0.0, 0.0, 0.0)
    background: float = 1.0
    gain: float = 2.2
    offset: float = 100.0
    read_noise: float = 1.6
    saturation: int = 65535
    seed: int = 0

    def __post_init__(self) -> None:
        numbers = (*(v for v in asdict(self).values() if not isinstance(v, tuple)), *self.blur)
        if not all(math.isfinite(n) for n in numbers):
            raise ValueError("A noisy image is made with numbers that are finite.")
        if not (self.photons > 0 and self.gain > 0):
            raise ValueError(
                f"The photon budget is {self.photons:g} and the gain {self.gain:g}; both must be "
                "above 0."
            )
        if min(self.background, self.read_noise, *self.blur) < 0:
            raise ValueError("Background, read noise and blur must be at least 0.")
        if not self.white > self.black:
            raise ValueError(
                f"The clean image is dark at {self.black:g} and bright at {self.white:g}; bright "
                "must be above dark. An image of one grey value has nothing to restore."
            )
        if not self.offset < self.saturation <= 65535:
            raise ValueError(
                f"The largest grey value is {self.saturation}; it must be above the offset of "
                f"{self.offset:g} and at most 65535."
            )

    @property
    def noise(self) -> NoiseModel:
        """The noise that it has, for tests of a residual."""
        return NoiseModel.of_camera(self.gain, self.offset, self.read_noise, source="simulated")

    def electrons(self, clean: NDArray[Any]) -> NDArray[np.float64]:
        """Return the photo-electrons expected at each pixel of a blurred clean image."""
        light = (np.asarray(clean, np.float64) - self.black) / (self.white - self.black)
        return np.maximum(light, 0.0) * self.photons + self.background

    def record(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self) | {"blur": list(self.blur)}


def levels_of(clean: Input) -> tuple[float, float]:
    """Propose `Exposure.black` and `Exposure.white`: the 0.1 and 99.9 percentiles.

    Of large stacks they are those of 32 planes at equal distances. Where the two meet, as of a
    few beads on black, they are the smallest and the largest value of all planes. Pixels that
    are not finite are left out.

    Raises
    ------
    ValueError
        If no pixel is finite.
    """
    source = clean.source
    depth, height, _ = source.shape
    planes = [(frame, z) for frame in source.frames for z in range(depth)]
    chosen = planes[:: math.ceil(len(planes) / PROBED)]

    def finite(plane: tuple[tuple[int, ...], int]) -> NDArray[Any]:
        frame, z = plane
        pixels: NDArray[Any] = source.read(frame, slice(z, z + 1), slice(0, height))
        kept: NDArray[Any] = pixels[np.isfinite(pixels)]
        return kept

    pixels = np.concatenate([finite(plane) for plane in chosen])
    if not pixels.size:
        raise ValueError(f"{clean.name} has no pixel that is a number.")
    black, white = np.percentile(pixels, [DARK, BRIGHT])
    if black == white:
        every = [found for plane in planes if (found := finite(plane)).size]
        black, white = min(p.min() for p in every), max(p.max() for p in every)
    return float(black), float(white)


def make_noisy(
    clean: Input, exposure: Exposure, *, token: CancelToken | None = None
) -> Generator[Progress, None, Input]:
    """Photograph a clean image again, with little light.

    Light is blurred, photo-electrons are Poisson distributed, read noise is Gaussian, and grey
    values are whole numbers of 16 bits. Every plane has random numbers of its own, so it does
    not matter which others are made. Noise that the clean image has is kept, as if it were
    structure.

    Parameters
    ----------
    clean : Input
        An image of high quality; pixels that are not finite count as without light.
    exposure : Exposure
        How.
    token : CancelToken, optional
        Stops the work.

    Yields
    ------
    Progress
        After every frame, or every plane where nothing is blurred along z.

    Returns
    -------
    Input
        uint16, of the axes, shape and positions of the clean image.
    """
    source, token = clean.source, token or CancelToken()
    depth, height, _ = source.shape
    noisy = np.empty(clean.shape, np.uint16)
    view = canonical_view(noisy, clean.axes)
    deep = exposure.blur[0] > 0
    slabs = [slice(0, depth)] if deep else [slice(z, z + 1) for z in range(depth)]
    total = len(source.frames) * len(slabs)
    for number, frame in enumerate(source.frames):
        for k, slab in enumerate(slabs):
            token.check()
            light = _blurred(source.read(frame, slab, slice(0, height)), exposure)
            for z, plane in zip(range(slab.start, slab.stop), light, strict=True):
                rng = np.random.default_rng([exposure.seed, number, z])
                view[frame][z] = _exposed(plane, exposure, rng)
            yield Progress(number * len(slabs) + k + 1, total, "exposing")
    return replace(clean, name=f"{clean.name} (noisy)", data=noisy, path=None)


def _blurred(clean: NDArray[Any], exposure: Exposure) -> NDArray[np.float64]:
    """Return the photo-electrons expected at each pixel of planes."""
    pixels = np.asarray(clean, np.float64)
    pixels = np.where(np.isfinite(pixels), pixels, exposure.black)
    if any(exposure.blur):
        pixels = gaussian_filter(pixels, exposure.blur, mode="reflect")
    return exposure.electrons(pixels)


def _exposed(
    electrons: NDArray[np.float64], exposure: Exposure, rng: np.random.Generator
) -> NDArray[np.uint16]:
    # far above saturation one cannot tell how far, and no such number can be drawn
    most = 2 * (exposure.saturation - exposure.offset) / exposure.gain + 1e4
    seen = rng.poisson(np.minimum(electrons, most)) + rng.normal(
        0.0, exposure.read_noise, electrons.shape
    )
    grey = np.rint(seen * exposure.gain + exposure.offset)
    image: NDArray[np.uint16] = grey.clip(0, exposure.saturation).astype(np.uint16)
    return image
