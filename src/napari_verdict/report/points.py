"""Files of points become inputs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from napari_verdict.comparison.axes import axes_of
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Input
from napari_verdict.report.ome import bare_name


def read_points(
    path: str | Path,
    name: str | None = None,
    axes: str | None = None,
    spacing: tuple[float, ...] = (),
) -> Input:
    """Read the coordinates of points as an input.

    Parameters
    ----------
    path : str or Path
        .npy of (n, axes) numbers; or a CSV: as napari writes it, with columns ``axis-0``,
        ``axis-1`` …; with columns named ``t``, ``c``, ``z``, ``y``, ``x``; or of numbers alone,
        a column an axis.
    name : str, optional
        What to call it; by default the file's name without its ending.
    axes : str, optional
        One letter a coordinate; overrides what the file says.
    spacing : tuple of float
        Physical size of a pixel along each axis; empty for 1.

    Returns
    -------
    Input
        Its `path` is absolute.

    Raises
    ------
    ComparisonError
        If there is no such file, it holds no points, or `axes` or `spacing` do not fit it.
    """
    path = Path(path)
    if not path.is_file():
        raise _refusal("no-such-file", f"There is no file {str(path)!r}.")
    try:
        if path.suffix.lower() == ".npy":
            data, found = np.load(path, allow_pickle=False), None
        else:
            data, found = _read_csv(path)
        data = np.asarray(data, np.float64)
        if data.ndim != 2:
            raise ValueError("one row a point and one column an axis were expected")
    except (ValueError, IndexError, OSError, csv.Error) as error:
        said = " ".join(str(error).split())
        text = (
            f"{path.name!r} cannot be read as points ({said}). Give a CSV as napari saves points, "
            "or one with the columns y and x, or z, y and x."
        )
        raise _refusal("unreadable-file", text) from error
    n = data.shape[1]
    for what, given in (("axes", axes), ("spacing", spacing)):
        if given and len(given) != n:
            text = f"{path.name!r} has {n} coordinates a point, but {what} {given!r} {len(given)}."
            raise _refusal("axes-count", text)
    named = axes or found or axes_of(n)
    return Input(name or bare_name(path), data, named, spacing, path=str(path.resolve()))


def _read_csv(path: Path) -> tuple[Any, str | None]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if any(row)]
    if not rows:
        raise ValueError("it is empty")
    head, first = rows[0], 1
    numbered = [c for c in head if c.startswith("axis-")]
    letters = [c for c in head if c in ("t", "c", "z", "y", "x")]
    if numbered:
        wanted = sorted(numbered, key=lambda c: int(c[5:]))
    elif {"y", "x"} <= set(letters):
        wanted = letters
    else:
        head = wanted = [str(k) for k in range(len(head))]
        first = 0
    columns = [head.index(c) for c in wanted]
    points = [[float(row[k]) for k in columns] for row in rows[first:]]
    data = np.array(points, np.float64).reshape(-1, len(wanted))
    return data, "".join(wanted) if wanted == letters else None


def _refusal(code: str, message: str) -> ComparisonError:
    return ComparisonError([Finding(code, Severity.ERROR, message)])
