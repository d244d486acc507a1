"""What became of every object: one of them, and the table of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_verdict.comparison.result import OBJECT_COLUMNS
from napari_verdict.engine.sources import SPATIAL_AXES
from napari_verdict.metrics.error_kinds import KINDS, Kind
from napari_verdict.metrics.exclusions import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_verdict.metrics.matching import Matching, Side

Role = Literal["ground truth", "prediction"]

#: What an object without a partner is called, by role.
UNMATCHED: Mapping[Role, str] = {"ground truth": "missed", "prediction": "extra"}

#: What is extra where the ground truth does not label everything: it may be there.
NOT_LABELLED = "not labelled"

#: What a person reads of an object that has no partner, by role and kind.
FATES: Mapping[Role, Mapping[str, str]] = {
    "ground truth": {"split": "split", "merge": "merged with another"},
    "prediction": {"split": "piece of a split object", "merge": "merge of several objects"},
}

#: What a person reads of an ignored object.
WHY_IGNORED: Mapping[Why, str] = {
    Why.COUNTED: "",
    Why.BORDER: "touches the border",
    Why.SMALL: "too small",
    Why.HIDDEN: "more than a quarter of it lies in the ignore mask",
    Why.PARTNER: "its ground-truth object is ignored",
}


@dataclass(frozen=True)
class ObjectInfo:
    """What became of one object.

    Parameters
    ----------
    candidate : str
        The prediction it is compared with or comes from.
    role : str
        ``ground truth`` or ``prediction``.
    id : int
        As in the label image.
    outcome : str
        ``matched``, ``missed`` (ground truth), ``extra`` (prediction), or ``ignored``.
    kind : str
        One of `kind_names`: why it is missed or extra.
    partner : int, optional
        Id of the object it is matched with.
    iou : float
        With the partner; without one the best with any object.
    size : int
        In pixels.
    why : str
        Why it is ignored; empty where it is not.
    """

    candidate: str
    role: Role
    id: int
    outcome: str
    kind: str
    partner: int | None
    iou: float
    size: int
    why: str = ""

    def describe(self) -> str:
        """Return what a person reads when hovering over the object."""
        mine, theirs = "ground-truth", "predicted"
        if self.role == "prediction":
            mine, theirs = theirs, mine
        if self.why:
            fate = f"ignored: {self.why}"
        elif self.partner is not None:
            fate = f"matched with {theirs} object {self.partner}, IoU {self.iou:.2f}"
        else:
            fate = FATES[self.role].get(self.kind, self.kind)
            best = f"best IoU {self.iou:.2f}" if self.iou > 0 else f"overlaps no {theirs} object"
            fate = f"{fate}, {best}"
        return f"{mine} object {self.id}: {fate}, {self.size} px"


def kind_names(sparse: bool) -> tuple[str, ...]:
    """Return what `Kind` indexes; beside a sparse ground truth, what is extra is not labelled."""
    return tuple(NOT_LABELLED if sparse and kind == "extra" else kind for kind in KINDS)


def side_of(matching: Matching, role: Role) -> Side:
    """Return the ground-truth or the predicted objects of a matching."""
    return matching.gt if role == "ground truth" else matching.pred


def object_info(
    matching: Matching, candidate: str, role: Role, object_id: int, kinds: Sequence[str] = KINDS
) -> ObjectInfo | None:
    """Say what became of one object; None where there is no such id. `kinds` are their names."""
    side = side_of(matching, role)
    i = side.objects.find(object_id)
    if i < 0:
        return None
    k = int(side.partners[i])
    return ObjectInfo(
        candidate,
        role,
        object_id,
        str(_outcomes(side, role)[i]),
        kinds[side.kinds[i]],
        int(side.others.ids[k]) if k >= 0 else None,
        float(side.iou[i]),
        int(side.objects.pixels[i]),
        _why_ignored(matching, role, i),
    )


def _why_ignored(matching: Matching, role: Role, i: int) -> str:
    if matching.ignored is None:
        return ""
    of_side = matching.ignored.gt if role == "ground truth" else matching.ignored.pred
    return WHY_IGNORED[Why(of_side[i])]


def _outcomes(side: Side, role: Role) -> NDArray[Any]:
    """Say of every object of a side whether it is matched, not, or ignored."""
    outcomes = np.where(side.partners >= 0, "matched", UNMATCHED[role])
    return np.where(side.kinds == Kind.IGNORED, "ignored", outcomes)


def object_table(
    matchings: Mapping[str, tuple[Matching, ...]],
    frames: Sequence[Any],
    axes: str,
    kinds: Sequence[str] = KINDS,
) -> pd.DataFrame:
    """Tabulate every object of every candidate and frame.

    Parameters
    ----------
    matchings : mapping of str to tuple of Matching
        By candidate; one a frame.
    frames : sequence
        What the column ``frame`` holds for each.
    axes : str
        Axes of the ground truth: z columns are left out where there is no z.
    kinds : sequence of str
        As `kind_names` returns them.

    Returns
    -------
    DataFrame
        `OBJECT_COLUMNS`, then ``centroid_*`` and box columns (``y0``, ``y1`` exclusive, ...)
        in pixels.
    """
    import pandas as pd

    space = [(k, a) for k, a in enumerate(SPATIAL_AXES) if a in axes]
    columns = [*OBJECT_COLUMNS, *(f"centroid_{a}" for _, a in space)]
    columns += [f"{a}{end}" for _, a in space for end in (0, 1)]
    sides = list(_sides(matchings, frames))
    if not sides:
        return pd.DataFrame(columns=columns)
    counts = [len(side.objects) for *_, side in sides]
    every = [side for *_, side in sides]
    partner, has = _partners(every)
    outcome = np.concatenate([_outcomes(s, role) for _, role, _, s in sides])
    boxes = np.concatenate([s.objects.boxes for s in every], dtype=np.int64)
    centroids = np.concatenate([s.objects.centroids for s in every])
    table: dict[str, Any] = {
        "candidate": np.repeat([name for name, *_ in sides], counts),
        "role": np.repeat([role for _, role, *_ in sides], counts),
        "id": joined([s.objects.ids for s in every]),
        "outcome": outcome,
        "kind": np.array(kinds)[np.concatenate([s.kinds for s in every])],
        "partner": pd.array(partner, dtype="UInt64" if partner.dtype == np.uint64 else "Int64"),
        "iou": np.concatenate([s.iou for s in every]),
        "size": np.concatenate([s.objects.pixels for s in every]),
        "frame": [f for (_, _, f, _), n in zip(sides, counts, strict=True) for _ in range(n)],
    }
    table["partner"][~has] = pd.NA
    for k, a in space:
        table[f"centroid_{a}"] = centroids[:, k]
        table[f"{a}0"], table[f"{a}1"] = boxes[:, 2 * k], boxes[:, 2 * k + 1]
    return pd.DataFrame(table, columns=columns)


def _sides(
    matchings: Mapping[str, tuple[Matching, ...]], frames: Sequence[Any]
) -> Iterator[tuple[str, Role, Any, Side]]:
    for name, of_frames in matchings.items():
        for frame, matching in zip(frames, of_frames, strict=True):
            for role in UNMATCHED:
                yield name, role, frame, side_of(matching, role)


def _partners(sides: Iterable[Side]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the partner's id of every object, and whether it has one."""
    ids = []
    for side in sides:
        found = np.zeros(len(side.objects), side.others.ids.dtype)
        has = side.partners >= 0
        found[has] = side.others.ids[side.partners[has]]
        ids.append(found)
    return joined(ids), np.concatenate([side.partners >= 0 for side in sides])


def joined(ids: list[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate ids without rounding: int64 and uint64 have only float64 in common.

    Returns
    -------
    ndarray of int64 or uint64
        uint64 only where an id does not fit int64; a negative id beside such a one wraps.
    """
    top = np.iinfo(np.int64).max
    if any(a.dtype == np.uint64 and len(a) and a.max() > top for a in ids):
        return np.concatenate([a.astype(np.uint64) for a in ids])
    return np.concatenate([a.astype(np.int64) for a in ids])
