"""Where objects come from: drawn, accepted, edited, interpolated; by whom and in what time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Change


class Origin(StrEnum):
    """How an object came to be as it is."""

    DRAWN = "drawn"
    ACCEPTED = "accepted"  # a predicted object, unchanged
    EDITED = "edited"  # made by a machine, or given, and changed since
    INTERPOLATED = "interpolated"
    THRESHOLD = "threshold"  # by threshold and watershed, unchanged
    GIVEN = "given"  # there before labelling began, unchanged


class Action(StrEnum):
    """What a person did."""

    PAINT = "paint"
    ACCEPT = "accept"
    ACCEPT_PART = "accept a part"  # of a predicted object
    DELETE = "delete"
    SPLIT = "split"
    MERGE = "merge"
    INTERPOLATE = "interpolate"
    FILL_HOLES = "fill holes"
    SMOOTH = "smooth"
    THRESHOLD = "threshold"
    MARK = "mark ambiguous"
    GIVEN = "given"
    UNDO = "undo"  # or redo


#: What an object is that comes into being by an action; by others it is drawn.
_MADE_BY = {
    Action.ACCEPT: Origin.ACCEPTED,
    Action.ACCEPT_PART: Origin.ACCEPTED,
    Action.INTERPOLATE: Origin.INTERPOLATED,
    Action.THRESHOLD: Origin.THRESHOLD,
    Action.GIVEN: Origin.GIVEN,
}


#: What a person did not draw, and what it flatters where that has no name.
_FLATTER = {Origin.ACCEPTED: "the prediction", Origin.GIVEN: "whatever made them"}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person did, without its pixels.

    Parameters
    ----------
    action : Action
        What.
    annotator : str
        Who.
    at : datetime
        When; aware, in UTC.
    seconds : float
        What it took since the step before, without pauses.
    source : str
        Of an accepted object, or one that was given: the name of the prediction it comes from.
    """

    action: Action
    annotator: str
    at: datetime
    seconds: float = 0.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class ObjectOrigin:
    """What is known of one object.

    Parameters
    ----------
    made : Origin
        How it came into being.
    annotators : tuple of str
        Who made and changed it, in order, each once.
    first, last : datetime
        When it was made and last changed.
    seconds : float
        Time spent on it; that of a step is shared evenly by the objects that gained pixels by it.
    pixels : int
        How many it has; 0 where it is gone.
    digest, made_digest : int
        Of its pixels now and when it was made, 64 bits: equal for equal pixels.
    source : str
        Of an accepted or a given one: the prediction it comes from, where that is known.
    """

    made: Origin
    annotators: tuple[str, ...]
    first: datetime
    last: datetime
    seconds: float
    pixels: int
    digest: int
    made_digest: int
    source: str = ""

    @property
    def origin(self) -> Origin:
        """How it came to be as it is: a made one whose pixels have changed is edited."""
        if self.made is Origin.DRAWN or self.digest == self.made_digest:
            return self.made
        return Origin.EDITED


@dataclass(frozen=True, eq=False)
class Origins:
    """Origins of all objects of a label image, by label; every step gives new ones.

    They follow from pixels, so undo brings back the origin as well: an object is *accepted* as
    long as it has the very pixels it was accepted with. A label is one object, also where it is
    in several frames.

    Parameters
    ----------
    objects : mapping of int to ObjectOrigin
        With those that are gone.
    former : mapping of (int, int) to ObjectOrigin
        What objects were, by label and digest, before they were gone or made anew; for undo.
    """

    objects: Mapping[int, ObjectOrigin] = field(default_factory=lambda: MappingProxyType({}))
    former: Mapping[tuple[int, int], ObjectOrigin] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def __iter__(self) -> Iterator[tuple[int, ObjectOrigin]]:
        """Yield label and origin of the objects that are there, in the order of labels."""
        return iter(sorted((k, o) for k, o in self.objects.items() if o.pixels))

    def after(self, change: Change, before: NDArray[Any], step: Step) -> Origins:
        """Return the origins after a step.

        Parameters
        ----------
        change : Change
            Its pixels.
        before : (n,) ndarray of int
            What they were (`Change.before`).
        step : Step
            What was done.
        """
        different = before != change.values
        at = change.at[different]
        losses, gains = (sums_of(values[different], at) for values in (before, change.values))
        ids = dict.fromkeys([*losses, *gains])
        known, former = dict(self.objects), dict(self.former)
        share = step.seconds / max(1, len(gains) or len(losses))
        parent = self._parent(losses, gains, step)
        for label in ids:
            lost, gained = losses.get(label, (0, 0)), gains.get(label, (0, 0))
            old = known.get(label)
            pixels = max(0, (old.pixels if old else 0) - lost[0] + gained[0])
            digest = ((old.digest if old else 0) - lost[1] + gained[1]) % 2**64
            spent = share if label in gains or not gains else 0.0
            new = self._object(label, old, pixels, digest, step, parent, spent)
            if old is not None and old.pixels and (not pixels or new.made is not old.made):
                former[label, old.digest] = old
            known[label] = new
        return Origins(MappingProxyType(known), MappingProxyType(former))

    def counts(self, only: Collection[int] | None = None) -> dict[Origin, int]:
        """Count objects by origin; `only` names labels, such as those of finished tiles."""
        found = [o.origin for label, o in self if only is None or label in only]
        return {origin: found.count(origin) for origin in Origin}

    def unchanged(self, origin: Origin, only: Collection[int] | None = None) -> float:
        """Return the share of objects of an origin, accepted or given; NaN without objects."""
        counts = self.counts(only)
        total = sum(counts.values())
        return counts[origin] / total if total else math.nan

    def accepted_unchanged(self, only: Collection[int] | None = None) -> float:
        """Return the share of objects that are as they were predicted; NaN without objects."""
        return self.unchanged(Origin.ACCEPTED, only)

    def sentence(self, only: Collection[int] | None = None) -> str:
        """Say what objects are, and what it means for scores where not all were drawn."""
        counts = self.counts(only)
        total = sum(counts.values())
        if not total:
            return "No object is labelled yet."
        text = f"{total} {'object' if total == 1 else 'objects'}: "
        text += ", ".join(f"{n} {origin}" for origin, n in counts.items() if n)
        for origin, otherwise in _FLATTER.items():
            if counts[origin]:
                chosen = (o for label, o in self if only is None or label in only)
                named = {o.source for o in chosen if o.origin is origin and o.source}
                share = 100 * counts[origin] / total
                text += f". {share:.0f} % were {origin} unchanged, which flatters "
                text += " and ".join(sorted(named)) or otherwise
        return text + "."

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the objects that are there as flat rows of plain values, by label."""
        return [
            {
                "label": label,
                "origin": str(o.origin),
                "made": str(o.made),
                "source": o.source,
                "annotators": list(o.annotators),
                "first": o.first.isoformat(),
                "last": o.last.isoformat(),
                "seconds": round(o.seconds, 3),
                "pixels": o.pixels,
                "digest": f"{o.digest:016x}",
                "made_digest": f"{o.made_digest:016x}",
            }
            for label, o in self
        ]

    def _parent(
        self, losses: Mapping[int, Any], gains: Mapping[int, Any], step: Step
    ) -> ObjectOrigin | None:
        """Return the object that new ones were cut out of."""
        if step.action is not Action.SPLIT:
            return None
        return next((self.objects[k] for k in losses if k in self.objects), None)

    def _object(
        self,
        label: int,
        old: ObjectOrigin | None,
        pixels: int,
        digest: int,
        step: Step,
        parent: ObjectOrigin | None,
        spent: float,
    ) -> ObjectOrigin:
        """Return what is known of an object after a step."""
        base = old if old is not None and old.pixels else None
        if step.action is Action.UNDO:
            base = self.former.get((label, digest), old)
        seconds = old.seconds if old is not None and base is not None else 0.0
        if base is None:
            made = _MADE_BY.get(step.action, Origin.DRAWN)
            base = ObjectOrigin(
                made, (), step.at, step.at, 0.0, pixels, digest, digest, step.source
            )
            other = ~digest % 2**64  # a piece of a made object is not what was made
            if parent is not None:
                base = replace(base, made=parent.made, made_digest=other, source=parent.source)
            elif step.action is Action.ACCEPT_PART:
                base = replace(base, made_digest=other)
        elif pixels and step.action is Action.INTERPOLATE:
            base = replace(base, made=Origin.INTERPOLATED, made_digest=digest, source="")
        return replace(
            base,
            annotators=tuple(dict.fromkeys((*base.annotators, step.annotator))),
            last=step.at,
            seconds=seconds + spent,
            pixels=pixels,
            digest=digest,
        )


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Origins:
    """Return origins from what `Origins.as_rows` gave.

    Raises
    ------
    KeyError, ValueError
        If a row lacks a value or holds one that is none.
    """
    objects = {
        int(row["label"]): ObjectOrigin(
            made=Origin(row["made"]),
            annotators=tuple(row["annotators"]),
            first=datetime.fromisoformat(row["first"]),
            last=datetime.fromisoformat(row["last"]),
            seconds=float(row["seconds"]),
            pixels=int(row["pixels"]),
            digest=int(row["digest"], 16),
            made_digest=int(row["made_digest"], 16),
            source=row["source"],
        )
        for row in rows
    }
    return Origins(MappingProxyType(objects))


def sums_of(values: NDArray[Any], at: NDArray[np.int64]) -> dict[int, tuple[int, int]]:
    """Return number and digest of pixels by label; background is left out.

    Sums of parts of an image add up, digests modulo 2**64.

    Parameters
    ----------
    values : (n,) ndarray of int
        Labels.
    at : (n,) ndarray of int64
        Where they are, in the whole image in C order.
    """
    there = values != 0
    ids, which, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    sums = np.zeros(len(ids), np.uint64)
    np.add.at(sums, which, _mixed(at[there]))
    return dict(zip(ids.tolist(), zip(counts.tolist(), sums.tolist(), strict=True), strict=True))


def _mixed(at: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 64 bits that look random for each index (the finaliser of splitmix64)."""
    x = at.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
