"""Labels of several images as files that others can train on and evaluate with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from napari_verdict.annotation.origins import Origins
from napari_verdict.annotation.tiles import State
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.report.labelling import image_record, refusal, safe_name
from napari_verdict.report.labels import storable, unwritable, write_tables, writing
from napari_verdict.report.provenance import (
    PictureProvenance,
    labels_record,
    provenance_of_set,
)
from napari_verdict.report.replacing import Replacing
from napari_verdict.report.set_places import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_verdict.annotation.tiles import Plan
    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.result import Progress
    from napari_verdict.comparison.scores import Score
    from napari_verdict.engine.cancel import CancelToken
    from napari_verdict.report.labels import SaveZarr


@dataclass(frozen=True, eq=False)
class Labelled:
    """One image with its labels.

    Parameters
    ----------
    image : Input
        What was labelled; its name is what the tiles call it.
    condition : str
        What it was taken of.
    labels : ndarray of int, optional
        Shaped as the image; None where none of its tiles was labelled.
    origins : Origins
        Of the labels.
    ignore : ndarray of int, optional
        The ignore mask: not 0 where ambiguous.
    """

    image: Input
    condition: str
    labels: NDArray[Any] | None = None
    origins: Origins = field(default_factory=Origins)
    ignore: NDArray[Any] | None = None


def exporting_set(
    folder: Path,
    names: Iterable[str],
    read: Callable[[str], Labelled],
    annotator: str,
    plan: Plan,
    token: CancelToken,
    *,
    scores: Iterable[Score] = (),
    blind: bool | None = None,
    zarr: SaveZarr | None = None,
) -> Generator[Progress, None, list[Path]]:
    """Write the labels of several images to a folder, one image in memory at a time.

    As `napari_verdict.report.labels.export` does, but files are called after their images:
    ``ground_truth/NAME.ome.tif``, and in ``images/``, ``masks/`` and ``ignore/``
    ``NAME-tile-0001.ome.tif``; see `file_names`. ``tiles.csv`` and ``objects.csv`` say of which
    image each row is, and ``provenance.json`` holds the checksum of every image, and its files.

    Parameters
    ----------
    folder : Path
        Made where it is missing; files of the same names are replaced.
    names : iterable of str
        All images of the plan.
    read : callable
        Reads the image of a name, with its labels.
    annotator : str
        Who labels.
    plan : Plan
        The tiles.
    token : CancelToken
        Stops it; what is written by then stays, without ``provenance.json``.
    scores, blind, zarr
        As in `exporting`; OME-Zarr is ``ground_truth/NAME.ome.zarr``.

    Raises
    ------
    ComparisonError
        If the folder cannot be written to, or an image that has finished tiles, or its labels,
        cannot be read.
    Cancelled
        If the token was set.
    """
    pictures, origins = list[PictureProvenance](), list[Origins]()
    rows, objects, written = list[dict[str, Any]](), list[dict[str, Any]](), list["Path"]()
    called = file_names(names)
    try:
        place = Replacing(folder)
        for name, file in called.items():
            token.check()
            finished = any(t.image == name and t.state is State.FINISHED for t in plan.tiles)
            try:
                one = read(name)
            except ComparisonError:
                if finished:
                    raise
                continue  # nothing of it was labelled; its tiles say why
            labels, record, files = one.labels, None, list["Path"]()
            if labels is None and finished:
                raise refusal("labels-missing", missing(name, None))
            # labels of an image that nobody labelled would say that it is empty
            if labels is not None and (finished or labels.any()):
                labels = storable(labels)
                more, files = yield from writing(
                    place, one.image, labels, token,
                    plan=plan, ignore=one.ignore, name=file, zarr=zarr,
                )  # fmt: skip
                rows += more
                written += files
                objects += [{"image": name} | row for row in one.origins.as_rows()]
                origins.append(one.origins)
                record = labels_record(labels, one.origins, token)
            picture = replace(one.image, name=name)
            pictures.append(
                PictureProvenance(
                    image=image_record(picture, token),
                    condition=one.condition,
                    labels=record,
                    files=tuple(place.relative(files)),
                )
            )
        known = {row["order"] for row in rows}
        rows += [row for row in plan.rows() if row["order"] not in known]
        rows.sort(key=lambda row: int(row["order"]))
        written += write_tables(place, objects, rows, scores)
        every = place.relative(written)
        told = provenance_of_set(pictures, origins, annotator, plan, rows, every, blind=blind)
        written.append(place.end(told, every))
    except OSError as error:
        raise unwritable(folder, error) from error
    return written


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Return what files of each image are called; no two alike, nor but for upper and lower case.

    Examples
    --------
    >>> file_names(["treated/a", "treated-a", "b"])
    {'treated/a': 'treated-a', 'treated-a': 'treated-a-2', 'b': 'b'}
    """
    called = dict[str, str]()
    taken = set[str]()
    for name in names:
        stem = free = safe_name(name) or "image"
        k = 2
        while free.casefold() in taken:
            free, k = f"{stem}-{k}", k + 1
        taken.add(free.casefold())
        called[name] = free
    return called
