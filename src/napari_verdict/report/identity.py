"""What the ids of entries depend on: the pixels, whatever they are called and wherever they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from napari_verdict.comparison.checksums import checksum, sample
from napari_verdict.comparison.model import Comparison, Input, Task

if TYPE_CHECKING:
    from napari_verdict.engine.cancel import CancelToken


class Model(BaseModel):
    """A record that holds what it names, and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pixels(Model):
    """What an array is, whatever it is called and wherever it lies."""

    axes: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str = Field(description="Of the elements in C order, least significant byte first.")


class Identity(Model):
    """All that the ids of a candidate's entries depend on; thresholds and names are not in it."""

    task: Task
    ground_truth: Pixels
    prediction: Pixels
    raw: Pixels | None = Field(description="Of restorations.")
    decisions: tuple[str, ...] = Field(description="Remedies that were accepted, by id.")
    places: str = Field(description="How places of an image were found; else empty.")


def identities_of(
    comparison: Comparison,
    token: CancelToken | None = None,
    *,
    places: str = "",
    quick: bool = False,
) -> dict[str, Identity]:
    """Return what the ids of entries depend on, for each candidate.

    Parameters
    ----------
    comparison : Comparison
        As it was asked for. Every input is read once, in pieces; do it in a worker.
    token : CancelToken, optional
        Stops the reading.
    places : str
        Of a restoration or of evidence: what else decides which place has which rank, such as
        the ranking.
    quick : bool
        Return at once what stands for them until checksums are known, see `checksums.sample`.

    Returns
    -------
    dict of str to Identity
        By candidate.

    Raises
    ------
    Cancelled
        If the token was set.
    """

    def digest(data: Any) -> str:
        return sample(data) if quick else checksum(data, token)

    def pixels(given: Input) -> Pixels:
        dtype = np.dtype(given.data.dtype).name
        return Pixels(axes=given.axes, shape=given.shape, dtype=dtype, sha256=digest(given.data))

    restoration = comparison.task is Task.RESTORATION
    listed = restoration or comparison.task is Task.EVIDENCE
    truth, raw = pixels(comparison.ground_truth), None
    if restoration:
        raw = comparison.raw and pixels(comparison.raw)
        c = comparison.settings.convention
        fitted = f"{c.id} {c.percentiles} {c.fit} per_plane={c.per_plane}"
        places = f"{fitted} ssim_3d={comparison.settings.ssim_3d} {places}".strip()
    if listed:
        places += _grid(comparison)
        if comparison.ignore is not None:
            places += f" ignored={digest(comparison.ignore)}"
    return {
        name: Identity(
            task=comparison.task,
            ground_truth=truth,
            prediction=raw if raw and given is comparison.raw else pixels(given),
            raw=raw,
            decisions=comparison.settings.decisions,
            places=places if listed else "",
        )
        for name, given in comparison.candidates.items()
    }


def _grid(comparison: Comparison) -> str:
    """Return where pixels lie, where ranks of places depend on it; "" where nothing is known."""
    truth = comparison.ground_truth
    words = "" if set(truth.scale) == {1.0} else f" scale={truth.scale}"
    if any(decision.startswith("crop") for decision in comparison.settings.decisions):
        words += f" at={[one.translate for _, one in comparison.inputs]}"
    return words
