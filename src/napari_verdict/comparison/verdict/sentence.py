"""What a result means, in a sentence or two of plain words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_verdict.comparison.model import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from napari_verdict.comparison.result import Result
    from napari_verdict.comparison.scores import Score

#: What words lead to: a map (``ssim rse difference gain``) or a kind of object
#: (``matched missed extra pixels``), and the candidate it belongs to.
Link = tuple[str, str]
#: Some words and where they lead, if anywhere.
Part = tuple[str, Link | None]


def verdict(result: Result) -> str:
    """Say what the scores mean.

    Structure (SSIM) and intensity (the NRMSE family, one witness) are judged against raw;
    metrics are never counted. Objects are counted in words. What is undefined is said to be,
    with the reason.

    Parameters
    ----------
    result : Result
        Of any task; only its scores and its comparison are looked at.

    Returns
    -------
    str
        One or a few sentences; never empty.
    """
    return "".join(text for text, _ in verdict_parts(result))


def verdict_parts(result: Result) -> list[Part]:
    """Return the verdict in pieces, so that words can lead to what shows them.

    Returns
    -------
    list of (str, (str, str) or None)
        Texts that joined make `verdict`, each with where it leads: the name of a map or of
        a kind of object, and a candidate.
    """
    if not result.comparison.predictions:
        return [("There is no prediction to judge.", None)]
    sentences = _judge_for(result.comparison.task)(result)
    parts: list[Part] = []
    for i, sentence in enumerate(sentences):
        parts += ([(" ", None)] if i else []) + sentence
    return parts


def _judge_for(task: Task) -> Callable[[Any], list[list[Part]]]:
    if task is Task.RESTORATION:
        from napari_verdict.comparison.verdict import images

        return images.judge
    if task is Task.EVIDENCE:
        from napari_verdict.comparison.evidence import judging

        return judging.judge
    from napari_verdict.comparison.verdict import objects

    return objects.judge


def score_of(result: Result, metric: str, candidate: str, **where: Any) -> Score | None:
    """Return one score, or None where the result does not have it."""
    try:
        return result.score(metric, candidate, **where)
    except KeyError:
        return None


def defined(score: Score | None) -> bool:
    """Whether there is such a score and it has a value."""
    return score is not None and not math.isnan(score.value)


def why(*scores: Score | None) -> str:
    """Return why scores are undefined: the first reason given, without its code."""
    for score in scores:
        if score is not None and score.reason:
            return score.reason.split(": ", 1)[-1]
    return "it was not computed"


def listed(names: list[str], word: str = "and") -> str:
    """Write names as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
