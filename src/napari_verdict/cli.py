"""The command line: the engine of the docks on files, with the same numbers."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict import __version__, cli_points
from napari_verdict.cli_evidence import add_options, inquiry_from
from napari_verdict.comparison.conventions import CONVENTIONS, LAINE_2021
from napari_verdict.comparison.exclusions import BORDERS, Exclusions
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Comparison, Input, Settings, Task, unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_verdict.comparison.result import Result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        0 when done; 1 when a replay gave other numbers; 2 when it cannot be done as asked,
        with one sentence on standard error.
    """
    options = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a pipe in the C locale cannot say "×" or "µm"
            stream.reconfigure(errors="replace")
    try:
        code: int = options.run(options)
    except (ComparisonError, ValueError, OSError) as error:
        print(f"napari-verdict: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("napari-verdict: stopped.", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="napari-verdict",
        description="Can I trust this model on my images, and where does it fail?",
    )
    parser.add_argument("--version", action="version", version=f"napari-verdict {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    images = commands.add_parser("images", help="score restored images, and raw, against GT")
    _add_inputs(images)
    images.add_argument("--raw", metavar="FILE", help="the image that was restored")
    images.add_argument(
        "--convention",
        choices=list(CONVENTIONS),
        default=LAINE_2021.id,
        help="normalisation and fit of the scores (default: %(default)s)",
    )
    images.add_argument("--ssim-3d", action="store_true", help="filter SSIM along z too")
    images.add_argument(
        "--objects", metavar="FILE", help="labels of objects whose intensities are compared"
    )
    images.set_defaults(run=_images)

    labels = commands.add_parser("labels", help="score segmentations against GT")
    _add_inputs(labels)
    labels.add_argument(
        "--task",
        choices=[t.value for t in Task if t.is_labels],
        default=Task.INSTANCES.value,
        help="what the labels are (default: %(default)s)",
    )
    labels.add_argument(
        "--iou",
        type=float,
        default=Settings().iou_threshold,
        metavar="T",
        help="an object is matched at this intersection over union (default: %(default)s)",
    )
    labels.add_argument("--exclusive", action="store_true", help="match above T only, not at T")
    labels.add_argument(
        "--border",
        choices=BORDERS,
        default="keep",
        help="objects that touch the border of the image (default: %(default)s)",
    )
    labels.add_argument(
        "--min-size", type=int, default=0, metavar="N", help="ignore objects below N pixels"
    )
    labels.add_argument(
        "--sparse", action="store_true", help="only some objects are labelled in the ground truth"
    )
    labels.set_defaults(run=_labels)

    points = commands.add_parser("points", help="score detections against GT")
    _add_inputs(points)
    cli_points.add_options(points)
    points.set_defaults(run=_points)

    evidence = commands.add_parser("evidence", help="hold denoised images against raw, without GT")
    add_options(evidence)
    evidence.set_defaults(run=_evidence)

    again = commands.add_parser("replay", help="run a results.json again and compare the numbers")
    again.add_argument("record", metavar="results.json")
    again.set_defaults(run=_replay)

    demo = commands.add_parser("demo", help="open napari on sample data with a result shown")
    demo.add_argument(
        "--headless",
        type=Path,
        metavar="DIR",
        help="without a display: write results, maps, overlays and a screenshot to DIR",
    )
    demo.set_defaults(run=_demo)
    return parser


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gt", required=True, metavar="FILE", help="the ground truth")
    parser.add_argument(
        "--pred",
        required=True,
        action="append",
        metavar="[NAME=]FILE",
        help="a prediction; may be given several times",
    )
    parser.add_argument("--axes", metavar="LETTERS", help="what the axes mean, e.g. zyx or tyx")
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="REMEDY",
        help="accept a remedy that was offered, e.g. crop-to-common",
    )
    parser.add_argument("--ignore", metavar="FILE", help="a mask of pixels to leave out")
    parser.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="a mask, or labels of which each id is a region with scores of its own",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="save everything to this folder")


def _evidence(options: argparse.Namespace) -> int:
    from napari_verdict.comparison.run import complete, run

    inquiry = inquiry_from(options, [_name_and_path(p) for p in options.pred])
    return _finish(complete(run(inquiry)), options.out)


def _images(options: argparse.Namespace) -> int:
    from napari_verdict.report.ome import read_input

    settings = Settings(
        convention=CONVENTIONS[options.convention],
        ssim_3d=options.ssim_3d,
        decisions=tuple(options.accept),
    )
    raw = read_input(options.raw, "raw", options.axes) if options.raw else None
    return _compare(Task.RESTORATION, options, settings, raw)


def _labels(options: argparse.Namespace) -> int:
    settings = Settings(
        iou_threshold=options.iou,
        iou_inclusive=not options.exclusive,
        decisions=tuple(options.accept),
        exclusions=Exclusions(options.border, options.min_size, options.sparse),
    )
    return _compare(Task(options.task), options, settings, None)


def _points(options: argparse.Namespace) -> int:
    from napari_verdict.comparison.run import complete, run

    named = [_name_and_path(p) for p in options.pred]
    comparison = cli_points.points_from(options, named, _regions(options.region))
    return _finish(complete(run(comparison)), options.out)


def _compare(task: Task, options: argparse.Namespace, settings: Settings, raw: Input | None) -> int:
    from napari_verdict.comparison.regions import regions_from
    from napari_verdict.comparison.run import complete, run
    from napari_verdict.report.ome import read_input

    truth = read_input(options.gt, axes=options.axes)
    named = [_name_and_path(p) for p in options.pred]
    names = unique_names([name for name, _ in named])
    predictions = tuple(
        read_input(path, name, options.axes) for name, (_, path) in zip(names, named, strict=True)
    )
    ignore = read_input(options.ignore).data if options.ignore else None
    given = {name: read_input(path).data for name, path in _regions(options.region).items()}
    regions = regions_from(given, truth.axes, truth.shape)
    objects = None
    if getattr(options, "objects", None):
        objects = read_input(options.objects, "objects", options.axes)
    comparison = Comparison(task, truth, predictions, raw, settings, ignore, regions, objects)
    result = complete(run(comparison))
    return _finish(result, options.out)


def _finish(result: Result, folder: Path | None) -> int:
    _show(result)
    if folder:
        from napari_verdict.report.folder import save

        written = save(result, folder)
        print(f"\n{len(written)} files in {folder}")
    return 0


def _replay(options: argparse.Namespace) -> int:
    from napari_verdict.report.replay import differences, read_record, replay

    record = read_record(options.record)
    result = replay(options.record)
    _show(result)
    changed = differences(record, result)
    total = len(record.scores)
    if not changed:
        print(f"\nEvery number is reproduced ({total} of {total}).")
        return 0
    print(f"\n{len(changed)} of {total} numbers are not reproduced:")
    for d in changed[:20]:
        score = d.recorded or d.replayed
        assert score is not None
        values = [s.value if s else "missing" for s in (d.recorded, d.replayed)]
        where = "" if score.axis_index is None else f" at {score.axis_index}"
        print(f"  {score.metric} of {score.candidate}{where}: {values[0]} before, {values[1]} now")
    return 1


def _demo(options: argparse.Namespace) -> int:
    from napari_verdict.widgets.display import display_available, require_qt, virtual_display

    require_qt()
    if options.headless is None and not display_available():
        raise OSError(
            "There is no display to open a window on; "
            "'napari-verdict demo --headless DIR' writes the result and a screenshot to DIR."
        )

    with virtual_display() if options.headless else nullcontext():
        from napari_verdict.widgets.demo import run_demo

        code: int = run_demo(options.headless)
    return code


def _name_and_path(given: str) -> tuple[str, Path]:
    """Split ``NAME=FILE``; a file whose own name has an equals sign in it is a file."""
    from napari_verdict.report.ome import bare_name

    name, equals, path = given.partition("=")
    if equals and name and not Path(given).exists():
        return name, Path(path)
    return bare_name(Path(given)), Path(given)


def _regions(given: Sequence[str]) -> dict[str, Path]:
    """Return the files of regions by name, which must differ."""
    named: dict[str, Path] = {}
    for name, path in map(_name_and_path, given):
        if name in named:
            raise ValueError(
                f"Two regions are called {name!r}, so their scores cannot be told apart. Name them "
                f"otherwise: --region NAME={path}"
            )
        named[name] = path
    return named


def _show(result: Result) -> None:
    """Print findings, the verdict and the table of the scores of the whole."""
    for finding in result.findings:
        who = f"{finding.candidate}: " if finding.candidate else ""
        print(f"[{finding.severity}] {who}{finding.message}")
        for remedy in finding.remedies:
            print(f"    --accept {remedy.id}: {remedy.label}")
    print(result.verdict, end="\n\n")
    for region in (None, *(r.name for r in result.comparison.regions)):
        if region is not None:
            print(f"\nregion {region}")
        for line in table(result, region):
            print(line)


def table(result: Result, region: str | None = None) -> list[str]:
    """Return the scores of the whole, or of a region, as aligned lines.

    Metrics go down, candidates across. The curve over thresholds, single planes, frames and
    classes are left to the saved table.
    """
    threshold = result.comparison.settings.iou_threshold
    objects = result.comparison.task is Task.INSTANCES
    shown: dict[str, dict[str, str]] = {}
    for s in result.rows:
        at_other = objects and s.threshold not in (None, threshold)
        if s.axis_index is None and s.class_ is None and s.region == region and not at_other:
            label = s.metric if s.unit in ("1", "") else f"{s.metric} [{s.unit}]"
            if objects and s.threshold is None and label in shown and s.candidate in shown[label]:
                label += " (pixels)"  # foreground scores share names with those of objects
            shown.setdefault(label, {})[s.candidate] = _value(s.value)
    names = list(result.comparison.candidates)
    rows = [["", *names], *([m, *(by.get(n, "") for n in names)] for m, by in shown.items())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names) + 1)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def _value(value: Any) -> str:
    if value != value:  # NaN
        return "–"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
