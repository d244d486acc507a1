"""Labels as files that others can train on and evaluate with: images, masks, tables, provenance."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.annotation.edits import bounds_of
from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.comparison.scores import SCORE_COLUMNS
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.report.labelling import pixels_of, refusal
from napari_verdict.report.ome import write_ome_tiff
from napari_verdict.report.provenance import TileRecord, provenance_of
from napari_verdict.report.replacing import Replacing
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_verdict.annotation.edits import Bounds
    from napari_verdict.annotation.origins import Origins
    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.findings import ComparisonError
    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.scores import Score

    #: Saves labels of an image as OME-Zarr, in a folder of this name.
    SaveZarr = Callable[[Path, NDArray[Any], Input], None]

#: What tables hold, in this order; a table without rows has them too.
_COLUMNS = {
    "objects.csv": (
        *("image", "label", "origin", "made", "source", "annotators", "first", "last"),
        *("seconds", "pixels", "digest", "made_digest"),
    ),
    "tiles.csv": tuple(TileRecord.model_fields),
    "scores.csv": SCORE_COLUMNS,
}


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
    zarr: SaveZarr | None = None,
) -> Generator[Progress, None, list[Path]]:
    """Write labels as a generator of progress; `export` says what and how.

    `zarr` saves all labels as ``ground_truth.ome.zarr`` as well.

    Raises
    ------
    Cancelled
        If the token was set. What is written by then stays; ``provenance.json`` is not.
    """
    folder, labels = Path(folder), storable(labels)
    try:
        place = Replacing(folder)
        rows, written = yield from writing(
            place, image, labels, token, plan=plan, ignore=ignore, zarr=zarr
        )
        objects = [{"image": image.name} | row for row in origins.as_rows()]
        written += write_tables(place, objects, rows if plan else None, scores)
        names = place.relative(written)
        record = provenance_of(
            image, labels, origins, annotator, plan, rows, names, token, blind=blind
        )
        written.append(place.end(record, names))
    except OSError as error:
        raise unwritable(folder, error) from error
    return written


def writing(
    place: Replacing,
    image: Input,
    labels: NDArray[Any],
    token: CancelToken,
    *,
    plan: Plan | None = None,
    ignore: NDArray[Any] | None = None,
    name: str = "",
    zarr: SaveZarr | None = None,
) -> Generator[Progress, None, tuple[list[dict[str, Any]], list[Path]]]:
    """Write labels, mask and finished tiles of one image; return rows of its tiles, and files.

    Parameters
    ----------
    place : Replacing
        Where to.
    image, labels, token, plan, ignore, zarr
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
            crops += _crops(row, bounds, pixels_of(image), labels, mask)
        rows.append(row)
    of_image = f"/{name}" if name else ""
    whole = [(f"ground_truth{of_image}.ome.tif", labels, ())]
    whole += [] if mask is None else [(f"ignore_mask{of_image}.ome.tif", mask, ())]
    files = [*whole, *crops]
    folders = [f"ground_truth{of_image}.ome.zarr"] if zarr else []
    place.expect([*folders, *(file for file, *_ in files)])
    written: list[Path] = []
    steps, what = len(files) + len(folders) + 1, f"exporting {name}".strip()
    for file in folders:
        yield Progress(0, steps, what)
        assert zarr is not None
        zarr(place.folder / file, labels, image)
        written.append(place.folder / file)
    for k, (file, data, bounds) in enumerate(files, start=len(folders)):
        yield Progress(k, steps, what)
        token.check()
        path = place.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = storable(np.asarray(data[bounds]))
        written.append(
            write_whole(path, partial(write_ome_tiff, data=pixels, like=image, token=token))
        )
    return rows, written


def write_tables(
    place: Replacing,
    objects: list[dict[str, Any]],
    tiles: list[dict[str, Any]] | None,
    scores: Iterable[Score],
) -> list[Path]:
    """Write tables as CSV; of tiles where there is a plan, and of scores where there are any."""
    tables = {"objects.csv": objects}
    if tiles is not None:
        tables["tiles.csv"] = tiles
    if said := [score.as_row() for score in scores]:
        tables["scores.csv"] = said
    place.expect(tables)
    return [
        write_whole(place.folder / name, partial(_write_csv, rows=rows, columns=_COLUMNS[name]))
        for name, rows in tables.items()
    ]


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
    row: dict[str, Any], bounds: Bounds, image: Any, labels: Any, mask: Any
) -> list[tuple[str, Any, Bounds]]:
    parts = [(row["image_file"], image, bounds), (row["mask_file"], labels, bounds)]
    return parts + ([] if mask is None else [(row["ignore_file"], mask, bounds)])


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


def _write_csv(path: Path, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    if "annotators" in frame:
        frame["annotators"] = [";".join(names) for names in frame["annotators"]]
    if "frame" in frame:
        frame["frame"] = [" ".join(map(str, index)) for index in frame["frame"]]
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
