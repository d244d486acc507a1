"""What the axes of an array mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_verdict.comparison.model import Input

#: Axes a person can choose between where nobody has named one, with what they mean.
CHOICES = {"t": "time", "z": "depth", "c": "channels"}
UNKNOWN = "?"

_KNOWN = {"t": "t", "time": "t", "c": "c", "ch": "c", "channel": "c", "z": "z", "y": "y", "x": "x"}


def axes_of(ndim: int) -> str:
    """Return the axes of an array nobody has named: 2D is ``yx``, the rest unknown.

    Axes whose meaning is unknown come back as ``?``, and preflight asks for them.

    Examples
    --------
    >>> axes_of(2), axes_of(3), axes_of(4)
    ('yx', '?yx', '??yx')
    """
    return "?" * (ndim - 2) + "yx"[max(0, 2 - ndim) :]


def axes_from_labels(labels: tuple[str, ...]) -> str:
    """Read axes from a layer's axis labels; ``?`` where a label says nothing.

    The last two are y and x where they are unnamed, as napari displays them.

    Examples
    --------
    >>> axes_from_labels(("Time", "z", "y", "x"))
    'tzyx'
    >>> axes_from_labels(("axis -3", "axis -2", "axis -1"))
    '?yx'
    """
    letters = [_KNOWN.get(label.strip().lower(), "?") for label in labels]
    fallback = axes_of(len(letters))
    return "".join(
        f if have == "?" and f not in letters else have
        for have, f in zip(letters, fallback, strict=True)
    )


def name_axis(item: Input, letter: str) -> Input:
    """Return the input with its first unknown axis named; the same one where nothing fits.

    Parameters
    ----------
    item : Input
        Its axes may hold ``?``.
    letter : str
        A person's answer: one of `CHOICES`.

    Returns
    -------
    Input
        `item` itself if no axis is unknown or the letter is taken already.
    """
    if UNKNOWN not in item.axes or letter not in CHOICES or letter in item.axes:
        return item
    return replace(item, axes=item.axes.replace(UNKNOWN, letter, 1))
