"""Labels that were there before labelling began: which of them a model made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Origins, Step, sums_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.engine.cancel import CancelToken

#: Pixels that are looked at between two looks whether to go on.
_PIECE = 1 << 20


def predicted_of(
    labels: NDArray[Any], predictions: Mapping[str, Any], token: CancelToken
) -> dict[int, str]:
    """Find objects that have just the pixels of a predicted object.

    Nobody draws an object as a model predicts it, to the pixel: these were accepted before.

    Parameters
    ----------
    labels : ndarray of int
        What is gone on with.
    predictions : mapping of str to array-like
        Labels of the same shape, by name.
    token : CancelToken
        Checked at every plane.

    Returns
    -------
    dict of int to str
        By label the prediction, the first that has the object.
    """
    mine = _digests(labels, token)
    found: dict[int, str] = {}
    for name, prediction in predictions.items():
        theirs = set(_digests(prediction, token).values())
        found = {k: name for k, digest in mine.items() if digest in theirs} | found
    return found


def given_steps(
    labels: NDArray[Any], annotator: str, sources: Mapping[int, str], otherwise: str = ""
) -> tuple[list[tuple[Change, Step]], Origins]:
    """Return labels as steps, one for each source, and the origins of their objects.

    Parameters
    ----------
    labels : ndarray of int
        All that is not background is *given*.
    annotator : str
        Who goes on with them.
    sources : mapping of int to str
        By label, the prediction that an object comes from.
    otherwise : str
        What is taken for the source of the others; empty where it is not known.
    """
    at = np.flatnonzero(labels)
    values, now = labels.ravel()[at], datetime.now(UTC)
    names = list(dict.fromkeys([otherwise, *sources.values()]))
    ids, place = np.unique(values, return_inverse=True)
    of_id = [names.index(sources.get(k, otherwise)) for k in ids.tolist()]
    which = np.array(of_id, np.int64)[place] if len(ids) else place
    steps, origins = [], Origins()
    for k, name in enumerate(names):
        mine = which == k
        if mine.any():
            change = Change(at[mine], values[mine])
            step = Step(Action.GIVEN, annotator, now, source=name)
            origins = origins.after(change, np.zeros_like(change.values), step)
            steps.append((change, step))
    return steps, origins


def _digests(labels: Any, token: CancelToken) -> dict[int, tuple[int, int]]:
    """Return number and digest of pixels of each object; read plane by plane."""
    height, width = labels.shape[-2:]
    found: dict[int, tuple[int, int]] = {}
    for number, index in enumerate(np.ndindex(tuple(labels.shape[:-2]))):
        plane = np.asarray(labels[index]).reshape(-1)
        for first in range(0, len(plane), _PIECE):
            token.check()
            part = plane[first : first + _PIECE]
            at = np.flatnonzero(part)
            for k, (n, digest) in sums_of(part[at], at + number * height * width + first).items():
                before = found.get(k, (0, 0))
                found[k] = before[0] + n, (before[1] + digest) % 2**64
    return found
