"""What is checked before anything is computed, and how it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.findings import Finding, blocking
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.preflight.geometry import preflight_geometry

if TYPE_CHECKING:
    from napari_verdict.engine.cancel import CancelToken

__all__ = ["preflight", "preflight_geometry", "preflight_pixels"]


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
    found = preflight_geometry(comparison)
    return found if blocking(found) else found + preflight_pixels(comparison, token)


def preflight_pixels(comparison: Comparison, token: CancelToken | None = None) -> list[Finding]:
    """Do the part of `preflight` that reads pixels; nothing where the geometry forbids it."""
    # scipy is loaded where pixels are read, in a worker
    from napari_verdict.comparison.preflight.decisions import resolve_geometry, resolve_values

    if blocking(preflight_geometry(comparison)):
        return []
    resolved, _ = resolve_geometry(comparison)
    resolved, said = resolve_values(resolved)
    if resolved.task is Task.RESTORATION:
        from napari_verdict.comparison.preflight.images import check_images as check
    elif resolved.task is Task.DETECTIONS:
        from napari_verdict.comparison.preflight.points import check_points as check
    else:
        from napari_verdict.comparison.preflight.labels import check_labels as check
    from napari_verdict.comparison.preflight.limits import check_limits

    return [*said, *check_limits(resolved, token), *check(resolved, token)]
