"""Two predictions compared object by object: which finds what the other misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.metrics.error_kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_verdict.comparison.objects.labels import LabelResult

#: What two predictions can make of a ground-truth object, as `Agreement.group` indexes it.
GROUPS = ("both", "only a", "only b", "neither")


@dataclass(frozen=True, eq=False)
class Agreement:
    """What two predictions make of each of the n ground-truth objects that count, at one threshold.

    Parameters
    ----------
    a, b : str
        Names of the predictions.
    id : (n,) ndarray of int64 or uint64
        Ids of the ground-truth objects, frame by frame.
    frame : (n, k) ndarray of intp
        Index along the k frame axes of the ground truth.
    group : (n,) ndarray of uint8
        Index into `GROUPS`: matched in both, in one only, or in neither.
    """

    a: str
    b: str
    id: NDArray[Any]
    frame: NDArray[np.intp]
    group: NDArray[np.uint8]

    @property
    def counts(self) -> dict[str, int]:
        """Number of ground-truth objects by group; they add up to all that count."""
        found = np.bincount(self.group, minlength=len(GROUPS))
        return dict(zip(GROUPS, found.tolist(), strict=True))

    def keys(self, group: str, candidate: str) -> tuple[EntryKey, ...]:
        """Return what names the objects of a group in the entries of a candidate."""
        rows = np.flatnonzero(self.group == GROUPS.index(group))
        frames, ids = self.frame[rows].tolist(), self.id[rows].tolist()
        return tuple(
            EntryKey(candidate, "ground truth", tuple(f), i)
            for f, i in zip(frames, ids, strict=True)
        )


def agreement(result: LabelResult, a: str, b: str) -> Agreement:
    """Compare two predictions object by object of the ground truth.

    An object is found by a prediction that it is matched with, one to one, at the threshold
    of the result. Predicted objects without a partner take no part, nor do ignored ones.

    Parameters
    ----------
    result : LabelResult
        Of instances.
    a, b : str
        Names of two of its predictions; they may be the same.

    Returns
    -------
    Agreement

    Raises
    ------
    KeyError
        If one of them is not among the predictions, or instances were not compared.
    """
    source = result.comparison.ground_truth.source
    ids, frames, groups = [], [], []
    pairs = zip(source.frames, result.matchings[a], result.matchings[b], strict=True)
    for frame, of_a, of_b in pairs:
        objects = of_a.overlap.gt_objects
        in_a, in_b = of_a.gt.partners >= 0, of_b.gt.partners >= 0
        # what is ignored follows from the object alone, so it is the same for both
        counts = of_a.gt.kinds != Kind.IGNORED
        ids.append(objects.ids[counts])
        frames.append(np.tile(np.array(frame, np.intp), (int(counts.sum()), 1)))
        groups.append(np.where(in_a, np.where(in_b, 0, 1), np.where(in_b, 2, 3))[counts])
    return Agreement(
        a,
        b,
        np.concatenate(ids),
        np.concatenate(frames),
        np.concatenate(groups).astype(np.uint8),
    )
