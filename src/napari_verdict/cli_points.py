"""The options of ``napari-verdict points``, and the comparison that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.model import Comparison, Settings, Task, unique_names

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what is asked of points alone."""
    parser.add_argument(
        "--radius", type=float, required=True, metavar="R", help="the largest distance of a match"
    )
    parser.add_argument(
        "--spacing",
        type=float,
        nargs="+",
        default=(),
        metavar="S",
        help="size of a pixel along each axis; the radius is in its unit (default: 1)",
    )
    parser.add_argument(
        "--sparse", action="store_true", help="only some points are labelled in the ground truth"
    )


def points_from(
    options: argparse.Namespace,
    predictions: Sequence[tuple[str, Path]],
    regions: Mapping[str, Path],
) -> Comparison:
    """Read the files of points and masks.

    Parameters
    ----------
    options : argparse.Namespace
        As parsed.
    predictions : sequence of (str, Path)
        Names and files.
    regions : mapping of str to Path
        Files by name.

    Raises
    ------
    ComparisonError
        If a file cannot be read.
    ValueError
        If a region is none, or the spacing is not above 0.
    """
    from napari_verdict.comparison.inputs import check_spacing
    from napari_verdict.comparison.regions import regions_of_points
    from napari_verdict.report.ome import read_input
    from napari_verdict.report.points import read_points

    check_spacing(options.spacing)
    how = options.axes, tuple(options.spacing)
    truth = read_points(options.gt, None, *how)
    names = unique_names([name for name, _ in predictions])
    found = [read_points(p, n, *how) for n, (_, p) in zip(names, predictions, strict=True)]
    given = {name: read_input(path).data for name, path in regions.items()}
    return Comparison(
        Task.DETECTIONS,
        truth,
        tuple(found),
        settings=Settings(
            radius=options.radius,
            decisions=tuple(options.accept),
            exclusions=Exclusions(sparse=options.sparse),
        ),
        ignore=read_input(options.ignore).data if options.ignore else None,
        regions=regions_of_points(given, truth.axes),
    )
