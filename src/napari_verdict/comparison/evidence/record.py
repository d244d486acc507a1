"""What a record says of an inquiry beside scores: camera, noise, fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from napari_verdict.comparison.evidence.model import EvidenceSettings
from napari_verdict.metrics.noise import NoiseModel

if TYPE_CHECKING:
    from typing import Any


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NoiseRecord(_Model):
    """Variance of a pixel as a line of its mean, never below a floor, in ADU."""

    slope: float
    intercept: float
    floor: float
    source: str
    circular: bool
    rounding: float = Field(0.0, description="What of it whole grey values add.")


class EvidenceSettingsRecord(_Model):
    """How evidence was looked for."""

    noise: NoiseRecord | None = Field(None, description="As entered; null where it was measured.")
    saturation: float | None = Field(None, description="As entered; null where it was looked for.")
    alarms: float = Field(description="False alarms expected in all of the image.")
    scales: tuple[float, ...] = Field(description="Of the windows, in pixels.")
    limit_scale: float = Field(description="Of the blob the limit is of, in pixels.")
    fit: bool | None


class WitnessRecord(_Model):
    """What one prediction was tested with."""

    candidate: str
    noise: NoiseRecord
    fits: tuple[tuple[float, float], ...] = Field(description="Gain and offset, by frame.")
    saturation: float | None
    taken_off: tuple[str, ...] = Field(description="What raw's pixels shared: columns, rows ...")


class EvidenceRecord(_Model):
    """An inquiry without ground truth."""

    settings: EvidenceSettingsRecord
    predictions: tuple[WitnessRecord, ...]


def evidence_record(result: Any) -> EvidenceRecord | None:
    """Return what is recorded of an inquiry; None of other results."""
    settings = getattr(result.comparison, "evidence", None)
    if settings is None:
        return None
    return EvidenceRecord(
        settings=EvidenceSettingsRecord.model_validate(_plain(settings)),
        predictions=tuple(
            WitnessRecord(
                candidate=name,
                noise=NoiseRecord.model_validate(c.noise, from_attributes=True),
                fits=tuple((f.gain, f.offset) for f in c.fits.values()),
                saturation=c.standard.saturation,
                taken_off=c.standard.taken_off,
            )
            for name, c in result.conditions.items()
        ),
    )


def settings_of(record: EvidenceRecord) -> EvidenceSettings:
    """Return the settings that were recorded."""
    given = record.settings.model_dump()
    noise = given.pop("noise")
    return EvidenceSettings(noise=NoiseModel(**noise) if noise else None, **given)


def _plain(settings: EvidenceSettings) -> dict[str, Any]:
    given = {n: getattr(settings, n) for n in EvidenceSettingsRecord.model_fields}
    noise = given["noise"]
    names = NoiseRecord.model_fields
    return given | {"noise": noise and {n: getattr(noise, n) for n in names}}
