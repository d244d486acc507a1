"""What the command line asks without ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_verdict.comparison.model import unique_names

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from napari_verdict.comparison.evidence.model import Inquiry


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``napari-verdict evidence``."""
    parser.add_argument("--raw", required=True, metavar="FILE", help="the image that was denoised")
    parser.add_argument(
        "--pred",
        required=True,
        action="append",
        metavar="[NAME=]FILE",
        help="a denoised image; may be given several times",
    )
    for option, what in (
        ("capture", "a further noisy capture of the same field, not seen by any model"),
        ("stack", "captures without light, or of an evenly lit field, along the first axis"),
    ):
        parser.add_argument(
            f"--{option}",
            action="append",
            default=[],
            metavar="FILE",
            help=f"{what}; may be given several times",
        )
    for option, what in (
        ("gain", "of the camera, in grey values per electron; by default what the raw file says"),
        ("offset", "grey value without light"),
        ("read-noise", "of the camera, in electrons"),
        ("excess", "noise factor of an EMCCD, 2 at high gain"),
        ("saturation", "grey value from which pixels of raw are left out"),
        ("alarms", "false alarms expected in all of the image (default: 0.1)"),
    ):
        parser.add_argument(f"--{option}", type=float, metavar="N", help=what)
    parser.add_argument("--axes", metavar="LETTERS", help="what the axes mean, e.g. zyx or tyx")
    parser.add_argument("--ignore", metavar="FILE", help="a mask of pixels to leave out")
    parser.add_argument("--out", type=Path, metavar="DIR", help="save everything to this folder")


def inquiry_from(options: argparse.Namespace, named: Sequence[tuple[str, Path]]) -> Inquiry:
    """Read the files and return what is asked of them.

    Parameters
    ----------
    options : argparse.Namespace
        Of `add_options`.
    named : sequence of (str, Path)
        Names and files of the predictions.

    Raises
    ------
    ValueError
        If only some of the camera's values are given, or one is out of range.
    """
    from napari_verdict.comparison.evidence.model import EvidenceSettings, Inquiry, stack_of
    from napari_verdict.comparison.evidence.source import noise_in_metadata
    from napari_verdict.metrics.noise import NoiseModel
    from napari_verdict.report.metadata import metadata_of
    from napari_verdict.report.ome import read_input

    camera = (options.gain, options.offset, options.read_noise)
    if any(v is not None for v in (*camera, options.excess)) and None in camera:
        raise ValueError("A camera needs all of --gain, --offset and --read-noise.")
    if None in camera:
        noise = noise_in_metadata(metadata_of(options.raw))
    else:
        noise = NoiseModel.of_camera(*camera, options.excess or 1.0)
    alarms = EvidenceSettings().alarms if options.alarms is None else options.alarms
    names = unique_names([name for name, _ in named])
    stacks = [read_input(s) for s in options.stack]
    return Inquiry.of(
        read_input(options.raw, "raw", options.axes),
        [read_input(p, n, options.axes) for n, (_, p) in zip(names, named, strict=True)],
        EvidenceSettings(noise, options.saturation, alarms),
        captures=[
            read_input(c, f"capture {k + 1}", options.axes) for k, c in enumerate(options.capture)
        ],
        calibration=[stack_of(f"stack {k + 1}", s.data, s.path) for k, s in enumerate(stacks)],
        ignore=read_input(options.ignore).data if options.ignore else None,
    )
