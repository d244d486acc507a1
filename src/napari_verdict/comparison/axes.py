"""What the axes of an array mean."""

from __future__ import annotations

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
