"""Labels as files that others can train on and evaluate with: images, masks, tables, provenance."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import bounds_of
from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.model import MultichannelInput
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.report.labelling import pixels_of, refusal
from napari_verdict.report.ome import write_ome_tiff
from napari_verdict.report.provenance import provenance_of
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from pydantic import BaseModel

    from napari_verdict.annotation.edits import Bounds
    from napari_verdict.annotation.origins import Origins
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.findings import ComparisonError
    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.scores import Score

PROVENANCE_NAME = "provenance.json"

#: Name of a file, of what it is a part, which part, and an input of the same axes.
_File = tuple[str, Any, tuple[slice, ...], "Input"]


def export(
    folder: str | Path,
    image: Input,
    labels: NDArray[Any],
    origins: Origins,
    annotator: str,
    *,
    plan: Plan | None = None,
    ignore: NDArray[Any] | None = None,
    scores: Iterable[Score] = (),
    blind: bool | None = None,
) -> list[Path]:
    """Write labels to a folder.

    ``ground_truth.ome.tif`` is the whole label image and ``ignore_mask.ome.tif`` the mask.
    ``images/`` and ``masks/`` hold every finished tile under the same name, as tools that train
    take them; ``tiles.csv`` lists all tiles with their chances and files, ``objects.csv`` all
    objects with their origins. ``provenance.json`` says where it all comes from.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing. Files of the same names are replaced, each at once and whole;
        those of an export before that are no part of this one are removed, such as the mask of a
        tile that was reopened. No other file is touched.
    image : Input
        What was labelled.
    labels : ndarray of int
        Shaped as the image.
    origins : Origins
        Of the labels.
    annotator : str
        Who labels.
    plan : Plan, optional
        The tiles; those of images of another name are left out.
    ignore : ndarray of int, optional
        The ignore mask: not 0 where ambiguous.
    scores : iterable of Score
        What finished tiles say of predictions; written to ``scores.csv`` where there are any.
    blind : bool, optional
        Whether no prediction was seen while labelling, for the provenance.

    Returns
    -------
    list of Path
        What was written; ``provenance.json`` is last, so where it is, the rest is complete.

    Raises
    ------
    ComparisonError
        If the folder cannot be written to, or labels are too large for the format.
    """
    steps = exporting(
        folder,
        image,
        labels,
        origins,
        annotator,
        CancelToken(),
        plan=plan,
        ignore=ignore,
        scores=scores,
        blind=blind,
    )
    return complete(steps)


def exporting(
    folder: str | Path,
    image: Input,
    labels: NDArray[Any],
    origins: Origins,
    annotator: str,
    token: CancelToken,
    *,
    plan: Plan | None = None,
    ignore: NDArray[Any] | None = None,
    scores: Iterable[Score] = (),
    blind: bool | None = None,
) -> Generator[Progress, None, list[Path]]:
    """Write labels as a generator of progress; `export` says what and how.

    Raises
    ------
    Cancelled
        If the token was set. What is written by then stays; ``provenance.json`` is not.
    """
    folder, labels = Path(folder), storable(labels)
    try:
        before = replaced(folder)
        rows, written = yield from writing(folder, image, labels, token, plan=plan, ignore=ignore)
        tables = {"objects.csv": origins.as_rows()} | ({"tiles.csv": rows} if plan else {})
        if said := [score.as_row() for score in scores]:
            tables["scores.csv"] = said
        written += write_tables(folder, tables)
        names = [p.relative_to(folder).as_posix() for p in written]
        leave_out(folder, before.difference(names))
        record = provenance_of(
            image, labels, origins, annotator, plan, rows, names, token, blind=blind
        )
        written.append(write_provenance(folder, record))
    except OSError as error:
        raise unwritable(folder, error) from error
    return written


def writing(
    folder: Path,
    image: Input,
    labels: NDArray[Any],
    token: CancelToken,
    *,
    plan: Plan | None = None,
    ignore: NDArray[Any] | None = None,
    name: str = "",
) -> Generator[Progress, None, tuple[list[dict[str, Any]], list[Path]]]:
    """Write labels, mask and finished tiles of one image; return rows of its tiles, and files.

    Parameters
    ----------
    folder, image, labels, token, plan, ignore
        As `exporting` takes them.
    name : str
        What files are called after, where there are several images.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    mask = None if ignore is None else (ignore != 0).astype(np.uint8)
    rows, crops = [], []
    for row, bounds in _tiles(plan, image):
        if bounds is not None:
            row |= _files_of(row["order"], mask is not None, name)
            row["n_objects"] = np.count_nonzero(np.unique(labels[bounds]))
            crops += _crops(row, bounds, image, labels, mask)
        rows.append(row)
    of_image = f"/{name}" if name else ""
    whole: list[_File] = [(f"ground_truth{of_image}.ome.tif", labels, (), image)]
    whole += [] if mask is None else [(f"ignore_mask{of_image}.ome.tif", mask, (), image)]
    written: list[Path] = []
    for k, (file, data, bounds, like) in enumerate([*whole, *crops]):
        yield Progress(k, len(whole) + len(crops) + 1, f"exporting {name}".strip())
        token.check()
        pixels = storable(np.asarray(data[bounds]))
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        write = partial(write_ome_tiff, data=pixels, like=like, token=token)
        written.append(write_whole(folder / file, write))
    return rows, written


def replaced(folder: Path) -> frozenset[str]:
    """Begin to replace an export: take its provenance away, and return the files it names."""
    path = folder / PROVENANCE_NAME
    try:
        named = json.loads(path.read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        named = []
    path.unlink(missing_ok=True)  # so that where it is, the rest is complete
    return frozenset(name for name in named if isinstance(name, str))


def leave_out(folder: Path, names: Iterable[str]) -> None:
    """Remove files of an export before; others of the folder stay."""
    for path in (folder / name for name in names):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            path.unlink()


def write_tables(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> list[Path]:
    """Write tables as CSV, each by the name of its file."""
    return [write_whole(folder / n, partial(_write_csv, rows=r)) for n, r in tables.items()]


def write_provenance(folder: Path, record: BaseModel) -> Path:
    """Write where labels come from."""
    text = record.model_dump_json(indent=1) + "\n"
    return write_whole(folder / PROVENANCE_NAME, partial(_write_text, text=text))


def unwritable(folder: Path, error: OSError) -> ComparisonError:
    """Return what is said of a folder that cannot be written to."""
    return refusal(
        "folder-unwritable",
        f"The labels cannot be exported to {str(folder)!r}: {error.strerror or error}. "
        "Choose another folder.",
    )


def _tiles(plan: Plan | None, image: Input) -> Iterator[tuple[dict[str, Any], Bounds | None]]:
    """Yield the row of each tile of the image, and where it is finished the part that it is."""
    if plan is None:
        return
    for tile, row in zip(plan.tiles, plan.rows(), strict=True):
        if tile.image == image.name:
            finished = tile.state is State.FINISHED
            yield row, bounds_of(image.axes, tile.frame, tile.box) if finished else None


def _files_of(order: int, masked: bool, image: str = "") -> dict[str, str]:
    name = f"{image}-tile-{order:04d}.ome.tif".lstrip("-")
    files = {"image_file": f"images/{name}", "mask_file": f"masks/{name}"}
    return files | ({"ignore_file": f"ignore/{name}"} if masked else {})


def _crops(
    row: dict[str, Any], bounds: Bounds, image: Input, labels: Any, mask: Any
) -> list[_File]:
    whole, within = image, bounds
    if isinstance(image, MultichannelInput) and not image.is_rgb:
        k, whole = image.channel_axis, image.whole
        within = (*bounds[:k], slice(None), *bounds[k:])
    parts: list[_File] = [
        (row["image_file"], pixels_of(image), within, whole),
        (row["mask_file"], labels, bounds, image),
    ]
    return parts + ([] if mask is None else [(row["ignore_file"], mask, bounds, image)])


def storable(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels in a type that OME-TIFF has; values stay what they are."""
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8:
        low, high = int(pixels.min(initial=0)), int(pixels.max(initial=0))
        for dtype in (np.uint16, np.uint32, np.int32):
            if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
                return pixels.astype(dtype)
        raise refusal(
            "labels-too-large",
            f"There are values up to {high}, and OME-TIFF holds none above {2**32 - 1}. Number the "
            "objects anew before exporting them.",
        )
    narrow = {"bool": np.uint8, "float16": np.float32}.get(pixels.dtype.name)
    return pixels if narrow is None else pixels.astype(narrow)


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows)
    if "annotators" in frame:
        frame["annotators"] = [";".join(names) for names in frame["annotators"]]
    if "frame" in frame:
        frame["frame"] = [" ".join(map(str, index)) for index in frame["frame"]]
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
