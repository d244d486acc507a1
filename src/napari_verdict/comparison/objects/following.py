"""A result that follows labels through changes, of which only the place is known, or not even that.

A result refers to a *shadow* of the labels, an array of its own that is what the labels were when
it was brought up to date. So what is painted meanwhile is neither lost nor counted twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.checksums import pieces, sample
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.sources import canonical_view

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.engine.cancel import CancelToken

    #: One slice an axis of the labels, with start and stop.
    Part = tuple[slice, ...]
    #: z0, z1, y0, y1, x0, x1 in pixels; ends exclusive.
    Box = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, eq=False)
class Followed:
    """Labels, their scores, and what is other than it was.

    Parameters
    ----------
    result : LabelResult
        Its ground truth is the shadow.
    at : (n,) ndarray of int64
        Pixels that changed, as indices into the flattened labels (C order), ascending.
    values : (n,) ndarray
        Their labels now.
    """

    result: LabelResult
    at: NDArray[np.int64]
    values: NDArray[Any]

    @property
    def shadow(self) -> NDArray[Any]:
        """The labels as they were scored."""
        labels: NDArray[Any] = self.result.comparison.ground_truth.data
        return labels


def copied(truth: Input, token: CancelToken) -> Generator[Progress, None, NDArray[Any]]:
    """Copy labels into memory, piece by piece.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    labels = np.empty(truth.shape, np.dtype(truth.data.dtype))
    for key, piece in pieces(truth.data):
        token.check()
        labels[key] = piece
        yield _progress(key, labels, "copying the ground truth")
    return labels


def are_equal(a: Any, b: Any, token: CancelToken) -> bool:
    """Whether two arrays hold the same, read piece by piece; one that is lazy only if need be.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    if tuple(a.shape) != tuple(b.shape) or np.dtype(a.dtype) != np.dtype(b.dtype):
        return False
    one, other = sample(a), sample(b)
    if a is b or (one == other and one.startswith("place")):
        return True
    if one != other and one.startswith("sample") and other.startswith("sample"):
        return False
    for key, piece in pieces(a):
        token.check()
        if not np.array_equal(piece, _read(b, key)):
            return False
    return True


def scored(
    original: LabelResult, name: str, labels: NDArray[Any], token: CancelToken
) -> Generator[Progress, None, Followed]:
    """Score labels as they are now, of which nothing is known but what they were made from.

    Parameters
    ----------
    original : LabelResult
        Against the ground truth that they were made from.
    name : str
        What to call them.
    labels : ndarray
        In memory; shape, axes and dtype of that ground truth. What is painted on them
        meanwhile is in the shadow, and so in the scores, or not.
    token : CancelToken
        Stops it.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    truth = original.comparison.ground_truth
    shadow = np.empty(labels.shape, labels.dtype)
    parts: list[Part] = []
    at, values = [np.empty(0, np.int64)], [np.empty(0, labels.dtype)]
    for key, piece in pieces(truth.data):
        token.check()
        shadow[key] = labels[key]
        changed = shadow[key] != piece
        if changed.any():
            part = _whole(key, labels.shape)
            indices = np.nonzero(changed.reshape([s.stop - s.start for s in part]))
            parts.append(_around(indices, part))
            at.append(_flat(indices, part, labels.shape))
            values.append(shadow[key][changed])
        yield _progress(key, labels, "comparing with the ground truth")
    own = replace(truth, name=name, data=shadow, path=None)
    frames, source = boxes_by_frame(parts, truth.axes), truth.source
    frames = frames or {source.frames[0]: (0, 0, 0, 0, 0, 0)}
    result = original
    for frame, (z0, z1, y0, y1, x0, x1) in frames.items():
        token.check()
        before = source.read(frame, slice(z0, z1), slice(y0, y1))[..., x0:x1]
        result = result.repainted(own, (z0, z1, y0, y1, x0, x1), before, frame)
    return Followed(result, np.concatenate(at), np.concatenate(values))


def rescored(result: LabelResult, labels: NDArray[Any], parts: Iterable[Part]) -> Followed:
    """Bring a result up to date with parts of the labels, and its shadow with it.

    Parameters
    ----------
    result : LabelResult
        From `scored` or from this.
    labels : ndarray
        As they are now.
    parts : iterable of tuple of slice
        All that may be other than in the shadow lies within them.
    """
    truth = result.comparison.ground_truth
    shadow: NDArray[Any] = truth.data
    tight, at, values = [], [np.empty(0, np.int64)], [np.empty(0, shadow.dtype)]
    for part in parts:
        now = labels[part].copy()
        changed = now != shadow[part]
        if changed.any():
            indices = np.nonzero(changed)
            tight.append((_around(indices, part), now, part))
            at.append(_flat(indices, part, shadow.shape))
            values.append(now[changed])
    if not tight:
        return Followed(result, at[0], values[0])
    frames = boxes_by_frame([t for t, *_ in tight], truth.axes)
    view = canonical_view(shadow, truth.axes)
    places = {
        frame: (frame + tuple(slice(a, b) for a, b in zip(box[::2], box[1::2], strict=True)))
        for frame, box in frames.items()
    }
    before = {frame: view[place].copy() for frame, place in places.items()}
    for _, now, part in tight:
        shadow[part] = now
    for frame, box in frames.items():
        result = result.repainted(truth, box, before[frame], frame)
    flat, first = np.unique(np.concatenate(at), return_index=True)  # parts may overlap
    return Followed(result, flat, shadow.reshape(-1)[flat] if len(first) else values[0])


def boxes_by_frame(parts: Iterable[Part], axes: str) -> dict[tuple[int, ...], Box]:
    """Return for each frame that parts touch the box around all of them."""
    boxes: dict[tuple[int, ...], list[int]] = {}
    for part in parts:
        at = dict(zip(axes, part, strict=True))
        frames = [range(at[a].start, at[a].stop) for a in axes if a in "tc"]
        sides = [at.get(a, slice(0, 1)) for a in "zyx"]
        for frame in np.ndindex(*(len(f) for f in frames)):
            index = tuple(f[i] for f, i in zip(frames, frame, strict=True))
            box = boxes.setdefault(index, [n for s in sides for n in (s.start, s.stop)])
            for k, s in enumerate(sides):
                box[2 * k] = min(box[2 * k], s.start)
                box[2 * k + 1] = max(box[2 * k + 1], s.stop)
    return {f: (b[0], b[1], b[2], b[3], b[4], b[5]) for f, b in boxes.items()}


def pixels_of(boxes: Iterable[Box]) -> int:
    """Return how many pixels boxes have."""
    return sum((b[1] - b[0]) * (b[3] - b[2]) * (b[5] - b[4]) for b in boxes)


def pixels_in(truth: Input) -> int:
    """Return how many pixels an input has."""
    return math.prod(truth.shape)


def _whole(key: tuple[int | slice, ...], shape: tuple[int, ...]) -> Part:
    """Return a key as a slice an axis, each with start and stop."""
    keys = (*key, *(slice(None),) * (len(shape) - len(key)))
    return tuple(
        slice(*k.indices(n)[:2]) if isinstance(k, slice) else slice(k, k + 1)
        for k, n in zip(keys, shape, strict=True)
    )


def _around(indices: tuple[NDArray[np.intp], ...], part: Part) -> Part:
    """Return the part around pixels of a part."""
    return tuple(
        slice(s.start + int(i.min()), s.start + int(i.max()) + 1)
        for i, s in zip(indices, part, strict=True)
    )


def _flat(
    indices: tuple[NDArray[np.intp], ...], part: Part, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return pixels of a part as indices into the flattened image."""
    moved = tuple(i + s.start for i, s in zip(indices, part, strict=True))
    flat: NDArray[np.int64] = np.ravel_multi_index(moved, shape).astype(np.int64)
    return flat


def _read(data: Any, key: tuple[int | slice, ...]) -> NDArray[Any]:
    part = data[key]
    return np.asarray(part.compute(scheduler="synchronous") if hasattr(part, "compute") else part)


def _progress(key: tuple[int | slice, ...], labels: NDArray[Any], what: str) -> Progress:
    """Say how far a pass over all pieces is, by where its newest one ends."""
    ends = [s.stop for s in _whole(key, labels.shape)]
    strides = [math.prod(labels.shape[k + 1 :]) for k in range(labels.ndim)]
    done = 1 + sum((end - 1) * stride for end, stride in zip(ends, strides, strict=True))
    return Progress(done, max(1, labels.size), what)
