"""What a person should know of labels to go on with: those that a model made flatter it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.words import counted
from napari_verdict.viewer.layers import names_model, names_truth

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What napari calls a new layer.
_NEW = re.compile(r"Labels( \[\d+\])?")
_MEANS = (
    "Correcting a prediction flatters it, since its errors are easily passed over. To label blind, "
    "choose “a new layer”; if you go on, the share that stays unchanged is said with the score."
)


def caution_of(labels: Any, sources: Mapping[int, str]) -> str:
    """Say that labels may be those of a model, and what that means; "" where nothing tells so.

    Parameters
    ----------
    labels : napari Labels layer or Input
        What is gone on with; its name is looked at.
    sources : mapping of int to str
        By label, the prediction that has just this object.
    """
    name = labels.name
    if sources:
        n, of = len(sources), " and ".join(f"“{s}”" for s in dict.fromkeys(sources.values()))
        found = f"{counted(n, 'object')} of “{name}” {'is' if n == 1 else 'are'} just as in {of}."
    elif names_model(labels):
        found = f"“{name}” is called like a prediction."
    elif names_truth(labels) or _NEW.fullmatch(name):
        return ""
    else:
        found = f"Nothing in its name says whether people drew “{name}”, or a model."
    return f"{found} {_MEANS}"
