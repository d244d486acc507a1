"""What label images hold, and the remedies that change what they hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_verdict.comparison.derived import changed
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.engine.blocks import Block, blocks_of
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.sources import canonical_view

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison, Input


#: Ids of so many blocks are brought together at a time.
_TOGETHER = 64


@dataclass(frozen=True, eq=False)
class LabelFacts:
    """What the pixels of one label image hold.

    Parameters
    ----------
    ids : ndarray
        Every value there is but 0, sorted, in the dtype of the image.
    fractional : int
        How many pixels are finite but not whole numbers.
    not_finite : int
        How many are NaN or infinite.
    negative : int
        How many are below 0.
    """

    ids: NDArray[Any]
    fractional: int = 0
    not_finite: int = 0
    negative: int = 0

    @property
    def is_mask(self) -> bool:
        """Whether there is at most one value besides 0."""
        return self.ids.size <= 1

    @property
    def are_probabilities(self) -> bool:
        """Whether the values are numbers between 0 and 1, not only these two."""
        inside = bool(self.ids.size) and self.ids[0] > 0 and self.ids[-1] <= 1
        return self.fractional > 0 and self.not_finite == 0 and inside


def scan_labels(item: Input, token: CancelToken | None = None) -> LabelFacts:
    """Read a label image once and say what it holds.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    return complete(scan_steps(item, token or CancelToken()))


def scan_steps(item: Input, token: CancelToken) -> Generator[Progress, None, LabelFacts]:
    """Do the same as a generator of progress that returns the facts."""
    source = item.source
    blocks = [
        b for frame in source.frames for b in blocks_of(frame, source.shape, grain=source.grain)
    ]

    def look(block: Block) -> LabelFacts:
        return facts_of(source.read(block.frame, block.z, block.y))

    total = LabelFacts(np.empty(0, item.data.dtype))
    parts: list[LabelFacts] = []
    for k, part in enumerate(run_blocks(look, blocks, token=token)):
        parts.append(part)
        if len(parts) == _TOGETHER or k + 1 == len(blocks):
            total, parts = _sum([total, *parts]), []
        yield Progress(k + 1, len(blocks), "checks")
    return total


def _sum(parts: list[LabelFacts]) -> LabelFacts:
    return LabelFacts(
        np.unique(np.concatenate([p.ids for p in parts])),
        sum(p.fractional for p in parts),
        sum(p.not_finite for p in parts),
        sum(p.negative for p in parts),
    )


def facts_of(block: NDArray[Any]) -> LabelFacts:
    """Return what one block holds."""
    flat = block.reshape(-1)
    # values come in runs, so only where they change is there a new one to sort
    starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    values = np.unique(np.concatenate((flat[:1], flat[starts])))
    if flat.dtype.kind != "f":
        negative = int(np.count_nonzero(flat < 0)) if values.size and values[0] < 0 else 0
        return LabelFacts(values[values != 0], negative=negative)
    finite = np.isfinite(flat)
    with np.errstate(invalid="ignore"):
        whole = flat == np.rint(flat)
        negative = int(np.count_nonzero(flat < 0))
    not_finite = flat.size - int(np.count_nonzero(finite))
    fractional = int(np.count_nonzero(finite & ~whole))
    values = values[np.isfinite(values) & (values != 0)]
    if fractional:
        values = values[[0, -1]] if values.size > 1 else values  # a range says enough
    return LabelFacts(values, fractional, not_finite, negative)


# ---- remedies


def threshold_half(comparison: Comparison, token: CancelToken) -> tuple[Comparison, str | None]:
    """Turn probabilities given as labels into masks: pixels above 0.5."""

    def change(item: Input) -> Input:
        if item.data.dtype.kind != "f" or not scan_labels(item, token).are_probabilities:
            return item
        return replace(item, data=changed(item.data, _above_half, np.dtype(bool)))

    return _each(comparison, change, "Pixels above 0.5 are the mask of {names}, as accepted.")


def _above_half(values: NDArray[Any]) -> NDArray[Any]:
    above: NDArray[Any] = values > 0.5
    return above


def _not_negative(ids: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(ids, ids.dtype.type(0))  # type: ignore[no-any-return]


def negative_to_background(
    comparison: Comparison, token: CancelToken
) -> tuple[Comparison, str | None]:
    """Turn ids below 0 into background; of a restoration those of its objects."""

    def change(item: Input) -> Input:
        dtype = np.dtype(item.data.dtype)
        if dtype.kind not in "if" or not scan_labels(item, token).negative:
            return item
        return replace(item, data=changed(item.data, _not_negative, dtype))

    text = "Ids below 0 in {names} count as background, as accepted."
    if comparison.task.is_labels:
        return _each(comparison, change, text)
    objects = comparison.objects and change(comparison.objects)
    if objects is comparison.objects:
        return comparison, None
    return replace(comparison, objects=objects), text.format(names="the image of objects")


def label_components(comparison: Comparison, token: CancelToken) -> tuple[Comparison, str | None]:
    """Make every connected component of a mask an object of its own.

    Pixels that touch at a side, edge or corner belong together; over z in 3D, and by
    themselves in every frame of t and c.
    """

    def change(item: Input) -> Input:
        if item.data.dtype.kind != "b" and not scan_labels(item, token).is_mask:
            return item
        return replace(item, data=_components(item, token))

    text = "Connected components of {names} are its objects, as accepted."
    return _each(comparison, change, text)


def _components(item: Input, token: CancelToken) -> NDArray[np.int32]:
    source = item.source
    result = np.zeros(item.shape, np.int32)
    view = canonical_view(result, item.axes)
    for frame in source.frames:
        token.check()
        mask = source.read(frame, slice(0, source.shape[0]), slice(0, source.shape[1])) != 0
        ndimage.label(mask, np.ones((3, 3, 3), bool), output=view[frame])
    return result


def _each(
    comparison: Comparison, change: Callable[[Input], Input], text: str
) -> tuple[Comparison, str | None]:
    truth = change(comparison.ground_truth)
    predictions = tuple(change(p) for p in comparison.predictions)
    before = (comparison.ground_truth, *comparison.predictions)
    names = [b.name for b, a in zip(before, (truth, *predictions), strict=True) if a is not b]
    if not names:
        return comparison, None
    changed_one = replace(comparison, ground_truth=truth, predictions=predictions)
    return changed_one, text.format(names=", ".join(names))
