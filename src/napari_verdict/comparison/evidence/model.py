"""What is asked without ground truth: whether raw supports what predictions show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.model import RAW, Comparison, Input, Task
from napari_verdict.metrics.noise import NoiseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Standard deviations of the windows that evidence is gathered under, in pixels.
SCALES = (2.0, 3.0, 4.0, 6.0)
#: Thirds of the pixels by what is predicted there.
LEVELS = ("dark", "middle", "bright")


@dataclass(frozen=True)
class EvidenceSettings:
    """How evidence is looked for.

    Parameters
    ----------
    noise : NoiseModel, optional
        Of the camera, as entered; the best of the other sources by default.
    saturation : float, optional
        Pixels of raw that reach it are left out; by default the largest value that the dtype, or
        a camera of 8 to 16 bits, can hold, where pixels heap up there.
    alarms : float
        False alarms expected in all of the image, above 0.
    scales : tuple of float
        Standard deviations of the windows, in pixels.
    limit_scale : float
        Standard deviation, in pixels, of the blob that the detectability limit is of.
    fit : bool, optional
        Whether predictions are brought to the grey values of raw by gain and offset; by default
        those that are far off.
    """

    noise: NoiseModel | None = None
    saturation: float | None = None
    alarms: float = 0.1
    scales: tuple[float, ...] = SCALES
    limit_scale: float = 3.0
    fit: bool | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alarms <= 1000:
            raise ValueError(
                f"{self.alarms:g} false alarms are expected; it must be above 0, and 1000 at most."
            )
        for scale in (*self.scales, self.limit_scale):
            if not 0.5 <= scale <= 64:
                raise ValueError(f"The scale is {scale:g} px; it must be between 0.5 and 64.")
        if not self.scales:
            raise ValueError("No scale is given; at least one is needed.")

    def with_camera(
        self,
        gain: float,
        offset: float,
        read_noise: float,
        excess: float = 1.0,
        source: str = "entered",
    ) -> EvidenceSettings:
        """Return the same settings with a camera entered; see `NoiseModel.of_camera`."""
        noise = NoiseModel.of_camera(gain, offset, read_noise, excess, source)
        return replace(self, noise=noise)


@dataclass(frozen=True, eq=False)
class Inquiry(Comparison):
    """Predictions against the raw image they were made from, without ground truth.

    Raw stands in the place of the ground truth too, as what gives shape, axes and position.

    Parameters
    ----------
    evidence : EvidenceSettings
        How evidence is looked for.
    captures : tuple of Input
        Further noisy captures of the field of raw, none of them what a prediction was made from.
    calibration : tuple of Input
        Stacks of one illumination each, dark and evenly lit, the first axis counting captures.
    """

    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    captures: tuple[Input, ...] = ()
    calibration: tuple[Input, ...] = ()

    @staticmethod
    def of(
        raw: Input,
        predictions: Sequence[Input],
        evidence: EvidenceSettings | None = None,
        *,
        captures: Sequence[Input] = (),
        calibration: Sequence[Input] = (),
        ignore: Any | None = None,
    ) -> Inquiry:
        """Ask whether raw supports these predictions."""
        return Inquiry(
            Task.EVIDENCE,
            raw,
            tuple(predictions),
            raw,
            ignore=ignore,
            evidence=evidence or EvidenceSettings(),
            captures=tuple(captures),
            calibration=tuple(calibration),
        )

    @property
    def candidates(self) -> Mapping[str, Input]:
        """The predictions by name; with further captures raw, whose error is known then, first."""
        raw = {RAW: self.ground_truth} if self.captures else {}
        return raw | {p.name: p for p in self.predictions}

    @property
    def inputs(self) -> Iterator[tuple[str, Input]]:
        """All that goes in, each with its role."""
        yield "raw", self.ground_truth
        for role, given in (
            ("prediction", self.predictions),
            ("capture", self.captures),
            ("calibration", self.calibration),
        ):
            for one in given:
                yield role, one


def stack_of(name: str, data: Any, path: str | None = None) -> Input:
    """Return captures of one illumination as an input: its first axis counts them."""
    n = len(data.shape)
    return Input(name, data, "t" + "czyx"[5 - n :] if n < 6 else "?" * n, path=path)
