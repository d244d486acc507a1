"""Which objects count: one policy, chosen in one place and recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.metrics.values import Value

#: What may be done with objects that touch the border of the image.
BORDERS = ("keep", "ignore")

#: Why a score that counts what is not there is undefined.
SPARSE = (
    "ground truth is sparse, so what is extra cannot be told: what is not labelled may be there "
    "all the same"
)

#: Scores that rest on false positives, and so need a ground truth that labels everything.
NEED_DENSE = frozenset(
    ("precision", "f1", "accuracy", "rq", "pq", "fp", "n_extra", "iou", "dice", "miou")
)


@dataclass(frozen=True)
class Exclusions:
    """Which objects are neither right nor wrong, and whether the ground truth has them all.

    Objects are matched first and ignored second.

    Parameters
    ----------
    border : str
        ``keep`` or ``ignore``: objects that touch the border of the image.
    min_size : int
        Objects of fewer pixels are ignored; 0 ignores none.
    sparse : bool
        Whether only some of the objects are labelled in the ground truth.
    """

    border: str = "keep"
    min_size: int = 0
    sparse: bool = False

    def __post_init__(self) -> None:
        if self.border not in BORDERS:
            raise ValueError(
                f"Border objects can be {' or '.join(map(repr, BORDERS))}, not {self.border!r}."
            )
        if self.min_size < 0:
            raise ValueError(f"The smallest size is {self.min_size}; it must be 0 or more pixels.")


def ignores_objects(comparison: Comparison) -> bool:
    """Whether any object may be ignored."""
    how = comparison.settings.exclusions
    return how.border == "ignore" or how.min_size > 1 or comparison.ignore is not None


def without_dense(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return scores with those undefined that need a ground truth that labels everything."""
    # a dock that opens knows settings, but no metric yet
    from napari_verdict.metrics.values import Value

    undefined = Value(math.nan, SPARSE)
    return {metric: undefined if metric in NEED_DENSE else v for metric, v in values.items()}
