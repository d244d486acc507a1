"""Canonical label pairs: small, named, and shared by the tests and the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Case:
    """A ground truth, a prediction, and what instance matching at IoU >= 0.5 says of them."""

    ground_truth: NDArray[Any]
    prediction: NDArray[Any]
    tp: int
    fp: int
    fn: int


def _canvas() -> NDArray[Any]:
    return np.zeros((20, 30), np.uint16)


def identical() -> Case:
    """Two objects found exactly."""
    labels = _canvas()
    labels[2:8, 2:8], labels[10:18, 12:28] = 1, 2
    return Case(labels, labels.copy(), 2, 0, 0)


def shifted_square(shift: int = 3) -> Case:
    """A 10 x 10 square found some pixels to the right: IoU (10 - s) / (10 + s)."""
    truth, prediction = _canvas(), _canvas()
    truth[5:15, 5:15], prediction[5:15, 5 + shift : 15 + shift] = 1, 1
    hit = 3 * shift <= 10
    return Case(truth, prediction, int(hit), int(not hit), int(not hit))


def exact_half() -> Case:
    """An object of which exactly one half is found: IoU 0.5."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:14], prediction[4:14, 4:9] = 1, 1
    return Case(truth, prediction, 1, 0, 0)


def split() -> Case:
    """One object cut into two thirds and one third."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:16] = 1
    prediction[4:14, 4:12], prediction[4:14, 12:16] = 1, 2
    return Case(truth, prediction, 1, 1, 0)


def split_in_halves() -> Case:
    """One object cut into two equal halves: both have IoU 0.5, one may have it."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:16] = 1
    prediction[4:14, 4:10], prediction[4:14, 10:16] = 1, 2
    return Case(truth, prediction, 1, 1, 0)


def merge() -> Case:
    """Two touching objects found as one."""
    case = split()
    return Case(case.prediction, case.ground_truth, 1, 0, 1)


def split_in_three() -> Case:
    """One object cut into three equal pieces, none of which is enough."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:16] = 1
    for k in range(3):
        prediction[4:14, 4 + 4 * k : 8 + 4 * k] = k + 1
    return Case(truth, prediction, 0, 3, 1)


def merge_of_three() -> Case:
    """Three touching objects found as one that is like none of them."""
    case = split_in_three()
    return Case(case.prediction, case.ground_truth, 0, 1, 3)


def many_to_many() -> Case:
    """One object in two pieces, of which the larger one swallows another object as well."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:14], truth[4:14, 14:20] = 1, 2
    prediction[4:14, 4:8], prediction[4:14, 8:20] = 1, 2
    return Case(truth, prediction, 1, 1, 1)


def fragment() -> Case:
    """An object found well enough, and a crumb of it that is less than a tenth."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:14] = 1
    prediction[4:14, 4:11], prediction[4:7, 11:14] = 1, 2
    return Case(truth, prediction, 1, 1, 0)


def brushed() -> Case:
    """Two objects that share less than a tenth of either."""
    truth, prediction = _canvas(), _canvas()
    truth[4:14, 4:14], prediction[13:20, 6:20] = 1, 1
    return Case(truth, prediction, 0, 1, 1)


def touching() -> Case:
    """Three cells side by side without background between them; the borders are off by one."""
    truth, prediction = _canvas(), _canvas()
    truth[:, :10], truth[:, 10:20], truth[:, 20:] = 1, 2, 3
    prediction[:, :11], prediction[:, 11:19], prediction[:, 19:] = 7, 8, 9
    return Case(truth, prediction, 3, 0, 0)


def missed_and_extra() -> Case:
    """One object missed, one made up elsewhere."""
    truth, prediction = _canvas(), _canvas()
    truth[2:8, 2:8], prediction[12:18, 20:26] = 5, 5
    return Case(truth, prediction, 0, 1, 1)


def nothing_predicted() -> Case:
    """Two objects, and an empty prediction."""
    return Case(identical().ground_truth, _canvas(), 0, 0, 2)


def nothing_there() -> Case:
    """An empty ground truth, and two predicted objects."""
    return Case(_canvas(), identical().prediction, 0, 2, 0)


def nothing_at_all() -> Case:
    """No object on either side."""
    return Case(_canvas(), _canvas(), 0, 0, 0)


def huge_ids() -> Case:
    """Ids that no float holds and no table can be indexed by: up to 2^64 - 1."""
    truth, prediction = _canvas().astype(np.uint64), _canvas().astype(np.uint64)
    ids = (2**40 + 1, 2**53 + 1, 2**64 - 1)
    for k, i in enumerate(ids):
        truth[2:12, 10 * k : 10 * k + 8] = i
        prediction[2:12, 10 * k : 10 * k + 8] = ids[2 - k] - 1
    return Case(truth, prediction, 3, 0, 0)


CASES: dict[str, Callable[[], Case]] = {
    build.__name__: build
    for build in (
        identical,
        shifted_square,
        exact_half,
        split,
        split_in_halves,
        merge,
        split_in_three,
        merge_of_three,
        many_to_many,
        fragment,
        brushed,
        touching,
        missed_and_extra,
        nothing_predicted,
        nothing_there,
        nothing_at_all,
        huge_ids,
    )
}


def crowded(
    rng: np.random.Generator, shape: tuple[int, ...] = (40, 40), n: int = 25
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return two label images of boxes that overlap in many ways."""
    both = []
    for _ in range(2):
        labels = np.zeros(shape, np.int32)
        for i in rng.permutation(n):
            at = [rng.integers(0, s) for s in shape]
            size = [rng.integers(1, max(2, s // 3)) for s in shape]
            labels[tuple(slice(a, a + b) for a, b in zip(at, size, strict=True))] = i + 1
        both.append(labels)
    truth = both[0]
    # parts of the truth are found, so that there are good matches as well as chance ones
    found = np.roll(truth, 1, axis=-1)
    return truth, np.where(
        rng.random(shape) < 0.1, both[1], np.where(found > n // 3, found, both[1])
    )


def compare(prediction: Any, ground_truth: Any, axes: str = "yx", **options: Any) -> Any:
    """Compare labels, or points, without preflight; a mapping names several predictions.

    `options` are settings, or ``task``, ``ignore``, ``pixels`` (of a block) and ``threads``.
    """
    from napari_verdict.comparison.model import Comparison, Input, Settings, Task
    from napari_verdict.comparison.objects.labels import run_labels
    from napari_verdict.comparison.objects.points import run_points
    from napari_verdict.engine.cancel import CancelToken

    task, ignore = Task(options.pop("task", "instances")), options.pop("ignore", None)
    how = {k: options.pop(k) for k in ("pixels", "threads") if k in options}
    scale = options.pop("scale", ())
    named = prediction if isinstance(prediction, dict) else {"prediction": prediction}
    comparison = Comparison(
        task,
        Input("ground truth", ground_truth, axes, scale),
        tuple(Input(name, data, axes, scale) for name, data in named.items()),
        settings=Settings(**options),
        ignore=ignore,
    )
    work = run_points if task is Task.DETECTIONS else run_labels
    steps = work(comparison, token=CancelToken(), **how)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
