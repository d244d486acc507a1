"""A result as a folder of files that outlive the window."""

from __future__ import annotations

import json
import re
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.record import FileRecord, record_of, to_json
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.report.ome import write_ome_tiff
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    import pandas as pd

    from napari_verdict.comparison.entries import Entries
    from napari_verdict.comparison.judgements import Judgements
    from napari_verdict.comparison.objects.labels import LabelResult
    from napari_verdict.comparison.result import Result

    #: What is saved, and the function that writes it.
    _Content = tuple[FileRecord, Callable[[Path], Any]]

RECORD_NAME = "results.json"


def save(
    result: Result,
    folder: str | Path,
    *,
    maps: bool = True,
    overlays: bool = True,
    judgements: Judgements | None = None,
    mended: LabelResult | None = None,
    places: Sequence[Entries] = (),
    ranking: str = "",
) -> list[Path]:
    """Save a result: record, tables, maps and overlays.

    Parameters
    ----------
    result : Result
        A finished run.
    folder : str or Path
        Made where it is missing. Files of the same names are replaced, each at once and
        whole; no other file is touched.
    maps, overlays : bool
        Whether to write ``map_*.ome.tif`` and ``overlay_*.ome.tif``.
    judgements : Judgements, optional
        Stand in the record, and fill the columns ``judgement`` and ``note`` that ``objects.csv``
        then has; those of places of a restoration and of disputes have ``judgements.csv``. To find
        them again there is the session file (`report.session`).
    mended : LabelResult, optional
        The result against a mended copy of the ground truth: its labels are written as
        ``mended_ground-truth.ome.tif``, its scores as ``scores_mended.csv``.
    places : sequence of Entries
        Places of a restoration that were judged, of each candidate: their boxes and values stand
        beside the judgements.
    ranking : str
        How they were ranked, such as ``worst 16 px``.

    Returns
    -------
    list of Path
        What was written; ``results.json`` is last, and that of an earlier save goes first, so
        where it is, the rest is complete and of one run.

    Raises
    ------
    ComparisonError
        If the folder cannot be written to.
    """
    what: Any = {"maps": maps, "overlays": overlays, "judgements": judgements, "mended": mended}
    what |= {"places": places, "ranking": ranking}
    return complete(saving(result, folder, CancelToken(), **what))


def saving(
    result: Result,
    folder: str | Path,
    token: CancelToken,
    *,
    maps: bool = True,
    overlays: bool = True,
    judgements: Judgements | None = None,
    mended: LabelResult | None = None,
    places: Sequence[Entries] = (),
    ranking: str = "",
) -> Generator[Progress, None, list[Path]]:
    """Save a result as a generator of progress; `save` says what and how.

    Raises
    ------
    Cancelled
        If the token was set. What is written by then stays; ``results.json`` is not there, that
        of an earlier save neither.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        written: list[Path] = []
        said = None if judgements is None else _said(judgements, places, ranking)
        contents = chain(
            _tables(result, judgements, said),
            _mended(mended, token),
            _images(result, maps, overlays, token),
        )
        total = _count(result, maps, overlays) + (2 if mended is not None else 0)
        for k, (file, write) in enumerate(contents):
            yield Progress(k, total, "saving")
            if not written:
                write = _dropping(folder / RECORD_NAME, write)
            written.append(write_whole(folder / file.name, write))
            files.append(file)
        yield Progress(total - 1, total, "saving")
        text = to_json(record_of(result, files, token, said))
        written.append(write_whole(folder / RECORD_NAME, lambda p: p.write_text(text, "utf-8")))
    except OSError as error:
        message = (
            f"The results cannot be saved in {str(folder)!r}: {error.strerror or error}. "
            "Choose another folder."
        )
        raise ComparisonError([Finding("folder-unwritable", Severity.ERROR, message)]) from error
    return written


def _dropping(record: Path, write: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Return what writes a file and takes the record away before an older file is replaced."""

    def whole(path: Path) -> None:
        write(path)
        record.unlink(missing_ok=True)  # what it says of the files is no longer so

    return whole


def _count(result: Result, maps: bool, overlays: bool) -> int:
    """Return about how many files there will be."""
    names = result.comparison.candidates
    of_maps = sum(map(len, (*(result.maps.get(n, {}) for n in names), _consensus(result))))
    of_maps = of_maps if maps else 0
    of_overlays = 3 * len(names) if overlays and result.comparison.task.is_labels else 0
    return 3 + of_maps + of_overlays


def _tables(
    result: Result, judgements: Judgements | None, said: list[dict[str, Any]] | None
) -> Iterator[_Content]:
    """Yield the tables there are to save, each with the function that writes it."""
    yield _file("scores.csv", "scores"), _csv(_flat(result.scores))
    if result.comparison.task != "restoration":
        objects = result.objects
        objects = objects if judgements is None else _judged(objects, judgements)
        yield _file("objects.csv", "objects"), _csv(objects)
        if getattr(result, "disputes", ()):
            table = result.dispute_table  # type: ignore[attr-defined]
            yield _file("disputes.csv", "disputes"), _csv(table)
    # of a dispute something else may be said for each prediction
    named = {k.role for k in judgements.marks} if judgements else set()
    if judgements and (result.comparison.task == "restoration" or "dispute" in named):
        import pandas as pd

        table = pd.DataFrame(said)
        if "box" in table:
            sides = ("z0", "z1", "y0", "y1", "x0", "x1")
            for k, side in enumerate(sides):
                table[side] = [b[k] if isinstance(b, list) else None for b in table["box"]]
            table = table.drop(columns="box").astype(dict.fromkeys(sides, "Int64"))
        yield _file("judgements.csv", "judgements"), _csv(table)


def _said(judgements: Judgements, places: Sequence[Entries], ranking: str) -> list[dict[str, Any]]:
    """Return judgements as rows; places with their box, since a rank alone says not where."""
    listed = {entries.candidate: entries for entries in places}
    rows = judgements.as_rows()
    for row in rows:
        entries = listed.get(row["candidate"])
        if row["role"] == "place" and entries is not None:
            key = EntryKey(row["candidate"], row["role"], tuple(row["frame"]), row["id"])
            if (k := entries.find(key)) >= 0:
                value, box = float(entries.value[k]), entries.box[k].tolist()
                row |= {"ranking": ranking, "box": box, "value": value}
    return rows


def _mended(mended: LabelResult | None, token: CancelToken) -> Iterator[_Content]:
    """Yield the mended ground truth and its scores."""
    if mended is not None:
        of = "mended ground truth"
        yield _file("scores_mended.csv", "scores", of), _csv(_flat(mended.scores))
        truth = mended.comparison.ground_truth
        write = partial(write_ome_tiff, data=truth.data, like=truth, token=token)
        yield _file("mended_ground-truth.ome.tif", of), write


def _images(result: Result, maps: bool, overlays: bool, token: CancelToken) -> Iterator[_Content]:
    """Yield maps and overlays."""
    truth = result.comparison.ground_truth
    taken: set[str] = set()
    for candidate in (*result.comparison.candidates, None):
        images: list[tuple[Any, str, Any]] = []
        if maps:
            found = _consensus(result) if candidate is None else result.maps.get(candidate, {})
            images += [("map", k, v) for k, v in found.items()]
        if overlays and candidate is not None:
            images += [("overlay", k, v) for k, v in result.overlays(candidate).items()]
        for kind, what, data in images:
            name = f"{kind}_{_safe(what)}_{_safe(candidate or 'all predictions')}"
            name = _unused(name, taken) + ".ome.tif"
            file = FileRecord(name=name, kind=kind, of=what, candidate=candidate)
            yield file, partial(write_ome_tiff, data=data, like=truth, token=token)


def _consensus(result: Result) -> Mapping[str, Any]:
    """Return the maps of all predictions together, which evidence of several has."""
    return getattr(result, "consensus", {})


def _judged(objects: pd.DataFrame, judgements: Judgements) -> pd.DataFrame:
    """Return the table of objects with what was said of each, empty where nothing was."""
    marks = {(k.candidate, k.role, k.frame, k.id): m for k, m in judgements.marks.items()}
    frames = [tuple((f or {}).values()) for f in objects["frame"]]
    columns = (objects[c].tolist() for c in ("candidate", "role"))
    said = [marks.get(key) for key in zip(*columns, frames, objects["id"].tolist(), strict=True)]
    return objects.assign(
        judgement=[str(m.judgement) if m and m.judgement else "" for m in said],
        note=[m.note if m else "" for m in said],
    )


def _file(name: str, kind: Any, of: str | None = None) -> FileRecord:
    return FileRecord(name=name, kind=kind, of=of, candidate=None)


def _flat(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores as a CSV holds them."""
    indices = [i and json.dumps(dict(i)) for i in scores["axis_index"]]
    return scores.assign(axis_index=indices)


def _csv(frame: Any) -> Callable[[Path], Any]:
    return lambda path: frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _safe(name: str) -> str:
    """Return a name that any file system takes: letters, digits, ``-`` and ``.``."""
    return re.sub(r"[^\w.]+", "-", name).strip("-._")[:60] or "unnamed"


def _unused(stem: str, taken: set[str]) -> str:
    """Return the stem, numbered where another differs from it by case alone or not at all."""
    unique, k = stem, 2
    while unique.casefold() in taken:
        unique, k = f"{stem}-{k}", k + 1
    taken.add(unique.casefold())
    return unique
