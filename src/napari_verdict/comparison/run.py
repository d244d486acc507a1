"""Run a comparison: preflight, decisions, work, result."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.findings import ComparisonError, blocking
from napari_verdict.comparison.kernels import prepare_kernels
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.preflight.checks import preflight_steps
from napari_verdict.comparison.preflight.decisions import apply_decisions
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Progress, Result

__all__ = ["complete", "run"]


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
        After every block: of the checks, of ``preparing`` where kernels are called for the
        first time in this process, and of the passes.

    Returns
    -------
    Result
        An `ImageResult`, `LabelResult`, `DetectionResult` or `EvidenceResult`; its `request` is
        `comparison`.

    Raises
    ------
    ComparisonError
        If preflight finds what forbids computing.
    Cancelled
        If the token was set.
    """
    started = time.perf_counter()
    token = token or CancelToken()
    if comparison.task is Task.EVIDENCE:
        from napari_verdict.comparison.evidence.run import run_evidence

        return (yield from run_evidence(comparison, token=token, threads=threads))  # type: ignore[arg-type]
    findings = yield from preflight_steps(comparison, token)
    if bad := blocking(findings):
        raise ComparisonError(bad)
    resolved = apply_decisions(comparison, token)
    yield from prepare_kernels(resolved, lambda: _work_for(resolved.task), token)
    result = yield from _work_for(resolved.task)(resolved, token=token, threads=threads)
    finished: Result = replace(
        result,
        findings=tuple(findings),
        seconds=time.perf_counter() - started,
        request=comparison,
    )
    return finished


def _work_for(task: Task) -> Any:
    """Return what runs a task; imported here, because kernels are slow to import."""
    if task is Task.RESTORATION:
        from napari_verdict.comparison.restoration.images import run_images

        return run_images
    if task is Task.DETECTIONS:
        from napari_verdict.comparison.objects.points import run_points

        return run_points
    from napari_verdict.comparison.objects.labels import run_labels

    return run_labels
