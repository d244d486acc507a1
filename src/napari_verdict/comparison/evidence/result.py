"""The result of an inquiry: scores, maps, places and disputes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.evidence.consensus import LazyConsensus, difference
from napari_verdict.comparison.evidence.disputes import Dispute, dispute_entries, dispute_table
from napari_verdict.comparison.evidence.places import Place, entries_from
from napari_verdict.comparison.evidence.reading import Pixels
from napari_verdict.comparison.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.evidence.conditions import Conditions


@dataclass(frozen=True, eq=False)
class EvidenceResult(Result):
    """What raw says of predictions where there is no ground truth.

    Parameters
    ----------
    stored : mapping of str to mapping of str to ndarray or LazyArray
        Maps by candidate.
    conditions : mapping of str to Conditions
        Noise, fits, signatures and thresholds of every prediction.
    places : mapping of str to tuple of Place
        Where raw contradicts each prediction, strongest first.
    disputes : tuple of Dispute
        Where predictions disagree, largest first.
    consensus : mapping of str to array-like
        With several predictions ``mean`` and ``spread``, in the grey values of raw.
    """

    stored: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conditions: Mapping[str, Conditions] = field(default_factory=dict)
    places: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    consensus: Mapping[str, Any] = field(default_factory=dict)

    @property
    def maps(self) -> Mapping[str, Mapping[str, Any]]:
        """Maps by candidate, float32, shaped and with axes as raw; NaN where a pixel is left out.

        ``evidence``: standard deviations, below 0 shown without photons, above 0 photons not
        shown. ``limit``: the smallest blob that would have been noticed, in ADU. ``residual``: raw
        minus prediction in standard deviations. With several predictions ``disagreement``: the
        prediction minus the mean of all, in ADU. With captures ``error``: estimated squared error
        around each pixel, in ADU²; of raw too.

        Arrays; of inputs that are not in memory they are computed where they are read.
        """
        return self.stored

    def difference(self, one: str, other: str) -> LazyConsensus:
        """Return a prediction minus another, in the grey values of raw; computed where read."""
        inquiry: Any = self.comparison
        return difference(inquiry, Pixels.of(inquiry), self.conditions, one, other)

    def entries(self, candidate: str) -> Entries:
        """List where raw contradicts a candidate, strongest first."""
        frames = len(self.comparison.ground_truth.source.frame_axes)
        return entries_from(candidate, self.places.get(candidate, ()), frames)

    def dispute_entries(self, candidate: str) -> Entries:
        """List where predictions disagree, as seen from one of them."""
        frames = len(self.comparison.ground_truth.source.frame_axes)
        return dispute_entries(candidate, self.disputes, frames)

    @property
    def dispute_table(self) -> pd.DataFrame:
        """One row a disputed place: whom raw supports, who differ, by how much, frame and box."""
        return dispute_table(self.disputes, self.comparison.ground_truth.source.frame_axes)

    @property
    def objects(self) -> pd.DataFrame:
        """One row a place: candidate, rank, kind, evidence, frame, plane, box and peak."""
        import pandas as pd

        axes = self.comparison.ground_truth.source.frame_axes
        rows = [
            {
                "candidate": name,
                "role": "place",
                "id": k + 1,
                "kind": "photons not shown" if p.height > 0 else "shown without photons",
                "evidence": p.height,
                "frame": dict(zip(axes, p.frame, strict=True)) or None,
                "z": p.z,
                **dict(zip(("y0", "y1", "x0", "x1"), p.box, strict=True)),
                "y": p.peak[0],
                "x": p.peak[1],
            }
            for name, places in self.places.items()
            for k, p in enumerate(places)
        ]
        columns = ("candidate", "role", "id", "kind", "evidence", "frame", "z")
        box = ("y0", "y1", "x0", "x1", "y", "x")
        return pd.DataFrame(rows, columns=[*columns, *box])
