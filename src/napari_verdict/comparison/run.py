"""Run a comparison: preflight, decisions, work, result."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from napari_verdict.comparison.decisions import apply_decisions
from napari_verdict.comparison.findings import ComparisonError, blocking
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.preflight import preflight
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Progress, Result

R = TypeVar("R")


def run(
    comparison: Comparison, *, token: CancelToken | None = None, threads: int | None = None
) -> Generator[Progress, None, Result]:
    """Run a comparison as a generator of progress that returns the result.

    Parameters
    ----------
    comparison : Comparison
        What to compare; its arrays are only read.
    token : CancelToken, optional
        Stops the work from any thread.
    threads : int, optional
        By default one for each processor.

    Yields
    ------
    Progress
        After every block.

    Returns
    -------
    Result
        An `ImageResult`, `LabelResult` or `DetectionResult`; its `request` is `comparison`.

    Raises
    ------
    ComparisonError
        If preflight finds what forbids computing.
    Cancelled
        If the token was set.
    """
    started = time.perf_counter()
    token = token or CancelToken()
    findings = preflight(comparison, token)
    if bad := blocking(findings):
        raise ComparisonError(bad)
    resolved = apply_decisions(comparison)
    if comparison.task is Task.RESTORATION:
        from napari_verdict.comparison.images import run_images as work
    elif comparison.task is Task.DETECTIONS:
        from napari_verdict.comparison.points import run_points as work
    else:
        from napari_verdict.comparison.labels import run_labels as work
    result = yield from work(resolved, token=token, threads=threads)
    return replace(
        result,
        findings=tuple(findings),
        seconds=time.perf_counter() - started,
        request=comparison,
    )


def complete(steps: Generator[Progress, None, R]) -> R:
    """Run such a generator to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
