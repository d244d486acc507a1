"""What a worker does to validate: run, then prepare what will be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.result import Progress
from napari_verdict.viewer.result_layers import first_names, names_for, prepare
from napari_verdict.widgets.words import best_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.widgets.job import Steps


def validation(
    comparison: Comparison,
    existing: frozenset[tuple[str, str]],
    candidate: str,
    names: frozenset[str],
) -> Steps:
    """Return the steps of a validation.

    Parameters
    ----------
    comparison : Comparison
        What is compared, or asked of raw.
    existing : frozenset of (str, str)
        Candidate and name of the result layers there are: they are drawn again.
    candidate : str
        The one that is looked at, if it is a candidate still.
    names : frozenset of str
        Maps or overlays that are shown, if the result has any of them.

    Returns
    -------
    callable
        Its generator returns result, candidate, names that are shown, and drawings.
    """

    def steps(token: CancelToken) -> Generator[Progress, None, Any]:
        from napari_verdict.comparison.run import run
        from napari_verdict.viewer.snapshot import detached

        result = yield from run(detached(comparison), token=token)
        chosen = candidate if candidate in result.comparison.candidates else best_of(result)
        shown = names & set(names_for(result)) or first_names(result)
        wanted = {c: {n for k, n in existing if k == c} for c in result.comparison.candidates}
        wanted[chosen] |= shown
        drawings = []
        for k, (name, layers) in enumerate(wanted.items()):
            token.check()
            yield Progress(k, len(wanted), "layers")
            drawings += prepare(result, name, layers) if layers else []
        _ = result.verdict, len(result.rows)  # here rather than in the window's thread
        return result, chosen, shown, drawings

    return steps
