"""What is checked before anything is computed, and how it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import Finding, blocking
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.preflight.geometry import preflight_geometry
from napari_verdict.comparison.preflight.limits import check_limits
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.result import Progress

__all__ = ["preflight", "preflight_geometry", "preflight_pixels", "preflight_steps"]


def preflight(comparison: Comparison, token: CancelToken | None = None) -> list[Finding]:
    """Check a comparison: what is odd about it, what that means, and the way out.

    Remedies among `Settings.decisions` are taken as accepted: what they settle is no longer
    found, and a line says what was done instead.

    Parameters
    ----------
    comparison : Comparison
        As asked for. Its arrays are only read, block by block.
    token : CancelToken, optional
        Stops the reading.

    Returns
    -------
    list of Finding
        Of the geometry first, then of the pixels; pixels are not read where the geometry
        already forbids computing.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    return complete(preflight_steps(comparison, token))


def preflight_steps(
    comparison: Comparison, token: CancelToken | None = None
) -> Generator[Progress, None, list[Finding]]:
    """Do the same as a generator of progress that returns the findings."""
    found = preflight_geometry(comparison)
    if blocking(found):
        return found
    return found + (yield from _pixel_steps(comparison, token or CancelToken()))


def preflight_pixels(comparison: Comparison, token: CancelToken | None = None) -> list[Finding]:
    """Do the part of `preflight` that reads pixels; nothing where the geometry forbids it."""
    return complete(_pixel_steps(comparison, token or CancelToken()))


def _pixel_steps(
    comparison: Comparison, token: CancelToken
) -> Generator[Progress, None, list[Finding]]:
    # scipy is loaded where pixels are read, in a worker
    from napari_verdict.comparison.preflight.decisions import resolve_geometry, resolve_values

    if blocking(preflight_geometry(comparison)):
        return []
    resolved, _ = resolve_geometry(comparison)
    resolved, said = resolve_values(resolved, token)
    said += check_limits(resolved, token)
    if resolved.task is Task.RESTORATION:
        from napari_verdict.comparison.preflight.images import check_images

        return said + (yield from check_images(resolved, token))
    if resolved.task is Task.DETECTIONS:
        from napari_verdict.comparison.preflight.points import check_points

        return [*said, *check_points(resolved, token)]
    from napari_verdict.comparison.preflight.labels import check_labels

    return said + (yield from check_labels(resolved, token))
