"""Validate deep-learning predictions in bioimaging.

Scores, maps and overlays that say whether a model can be trusted on one's own
images, and where it fails. The same engine serves the napari docks, notebooks
and the command line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_verdict.api import compare_images, compare_labels, compare_points
    from napari_verdict.api_evidence import check_evidence
    from napari_verdict.comparison.findings import ComparisonError
    from napari_verdict.comparison.result import Result

__version__ = "0.1.0"
__all__ = [
    "ComparisonError",
    "Result",
    "check_evidence",
    "compare_images",
    "compare_labels",
    "compare_points",
]

_HOMES = {
    "check_evidence": "napari_verdict.api_evidence",
    "compare_images": "napari_verdict.api",
    "compare_labels": "napari_verdict.api",
    "compare_points": "napari_verdict.api",
    "ComparisonError": "napari_verdict.comparison.findings",
    "Result": "napari_verdict.comparison.result",
}


def __getattr__(name: str) -> Any:
    # nothing heavy is imported before it is used
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
