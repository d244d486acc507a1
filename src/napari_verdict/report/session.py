"""The session file: what a person said of a result, kept beside it as `session.json`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

import napari_verdict
from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.judgements import Judgement, Judgements, from_rows
from napari_verdict.comparison.model import Comparison, Input, Task
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.judgements import Mark
    from napari_verdict.engine.cancel import CancelToken

SESSION_NAME = "session.json"
PREVIOUS_NAME = "session.previous.json"
SCHEMA_VERSION = 1


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pixels(_Model):
    """What an array is, whatever it is called and wherever it lies."""

    axes: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str = Field(description="Of the elements in C order, least significant byte first.")


class Identity(_Model):
    """All that the ids of a candidate's entries depend on; thresholds and names are not in it."""

    task: Task
    ground_truth: Pixels
    prediction: Pixels
    raw: Pixels | None = Field(description="Of restorations.")
    decisions: tuple[str, ...] = Field(description="Remedies that were accepted, by id.")
    places: str = Field(description="How places of an image were found; else empty.")


class MarkRecord(_Model):
    """What is said of one entry."""

    role: Literal["ground truth", "prediction", "place", "dispute"]
    frame: tuple[int, ...]
    id: int = Field(ge=0, lt=2**64)
    judgement: Judgement | None
    note: str
    at: AwareDatetime


class CandidateRecord(_Model):
    """What is said of the entries of one candidate."""

    candidate: str = Field(description="Its name when it was judged.")
    identity: Identity
    marks: tuple[MarkRecord, ...]


class SessionRecord(_Model):
    """All that was said in a folder, of whatever was compared there."""

    schema_version: Literal[1]
    verdict_version: str
    judged: tuple[CandidateRecord, ...]


@dataclass(frozen=True)
class SessionFile:
    """The session file of a folder, opened for one comparison.

    Parameters
    ----------
    path : Path
        ``session.json``; it need not be there yet.
    identities : mapping of str to Identity
        Of each candidate by name.
    found : mapping of EntryKey to Mark
        What the file says of these candidates, under the names they have now.
    trouble : str
        A sentence where the file is there and cannot be read; else empty.
    """

    path: Path
    identities: Mapping[str, Identity]
    found: Mapping[EntryKey, Mark]
    trouble: str = ""

    def save(self, judgements: Judgements) -> Path | None:
        """Write judgements as they stand; the history of undo stays with the window.

        What the file says of other comparisons is kept. The file before is kept as
        ``session.previous.json``.

        Parameters
        ----------
        judgements : Judgements
            All of this comparison, with what was `found` included: what is missing is removed.

        Returns
        -------
        Path or None
            Where a file that cannot be read was copied to; None where there was none.

        Raises
        ------
        ComparisonError
            If the folder cannot be written to; the file is what it was.
        ValueError
            If a candidate is judged that is not in this comparison.
        """
        mine = _candidate_records(judgements, self.identities)
        aside = None
        try:
            others: list[CandidateRecord] = []
            try:
                others = [r for r in _read(self.path) if r.identity not in self._known]
            except ValidationError:
                aside = _set_aside(self.path)
            record = SessionRecord(
                schema_version=SCHEMA_VERSION,
                verdict_version=napari_verdict.__version__,
                judged=(*others, *mine),
            )
            text = record.model_dump_json(indent=1) + "\n"
            if self.path.exists() and aside is None:
                previous = self.path.with_name(PREVIOUS_NAME)
                write_whole(previous, partial(shutil.copyfile, self.path))
            write_whole(self.path, lambda part: part.write_text(text, "utf-8", newline="\n"))
        except OSError as error:
            message = (
                f"The judgements cannot be saved in {str(self.path.parent)!r}: "
                f"{error.strerror or error}. They stay in this window; save the results in "
                "another folder to keep them."
            )
            raise ComparisonError(
                [Finding("session-unwritable", Severity.ERROR, message)]
            ) from error
        return aside

    @property
    def _known(self) -> list[Identity]:
        return list(self.identities.values())


def open_session(folder: str | Path, identities: Mapping[str, Identity]) -> SessionFile:
    """Open the session file of a folder and find what it says of a comparison.

    Judgements belong to the same pixels again, whatever layers and files are called now. A
    candidate gets those of its own name; without any, the first of a name that is not there now.

    Parameters
    ----------
    folder : str or Path
        Where the results are saved.
    identities : mapping of str to Identity
        From `identities_of`.

    Returns
    -------
    SessionFile
        Nothing is found where there is no file, or one that cannot be read; `trouble` says so.
    """
    path = Path(folder) / SESSION_NAME
    try:
        records = list(_read(path))
    except OSError as error:
        return SessionFile(path, identities, {}, _unreadable(path, error.strerror or str(error)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"{where + ': ' if where else ''}{first['msg']}"
        return SessionFile(path, identities, {}, _unreadable(path, why))
    found: dict[EntryKey, Mark] = {}
    for name, identity in identities.items():
        of_it = [r for r in records if r.identity == identity]
        chosen = [r for r in of_it if r.candidate == name]
        chosen = chosen or [r for r in of_it if r.candidate not in identities][:1]
        for record in chosen:
            found |= from_rows(
                m.model_dump(mode="json") | {"candidate": name} for m in record.marks
            )
    return SessionFile(path, identities, found)


def identities_of(
    comparison: Comparison, token: CancelToken | None = None, *, places: str = ""
) -> dict[str, Identity]:
    """Return what the ids of entries depend on, for each candidate.

    Parameters
    ----------
    comparison : Comparison
        As it was asked for. Every input is read once, in pieces; do it in a worker.
    token : CancelToken, optional
        Stops the reading.
    places : str
        Of a restoration or of evidence: what else decides which place has which rank, such as
        the ranking.

    Returns
    -------
    dict of str to Identity
        By candidate.

    Raises
    ------
    Cancelled
        If the token was set.
    """
    restoration = comparison.task is Task.RESTORATION
    listed = restoration or comparison.task is Task.EVIDENCE
    truth = _pixels(comparison.ground_truth, token)
    raw = None
    if restoration:
        raw = comparison.raw and _pixels(comparison.raw, token)
        c = comparison.settings.convention
        fitted = f"{c.id} {c.percentiles} {c.fit} per_plane={c.per_plane}"
        places = f"{fitted} ssim_3d={comparison.settings.ssim_3d} {places}".strip()
    return {
        name: Identity(
            task=comparison.task,
            ground_truth=truth,
            prediction=raw if raw and given is comparison.raw else _pixels(given, token),
            raw=raw,
            decisions=comparison.settings.decisions,
            places=places if listed else "",
        )
        for name, given in comparison.candidates.items()
    }


def _pixels(given: Input, token: CancelToken | None) -> Pixels:
    return Pixels(
        axes=given.axes,
        shape=given.shape,
        dtype=np.dtype(given.data.dtype).name,
        sha256=checksum(given.data, token),
    )


def _read(path: Path) -> Iterable[CandidateRecord]:
    """Return what a session file holds; nothing where there is none.

    Raises
    ------
    ValidationError
        If it is not one that this version reads.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    return SessionRecord.model_validate_json(content).judged


def _candidate_records(
    judgements: Judgements, identities: Mapping[str, Identity]
) -> list[CandidateRecord]:
    by_candidate: dict[str, list[MarkRecord]] = {}
    for row in judgements.as_rows():
        by_candidate.setdefault(row.pop("candidate"), []).append(MarkRecord.model_validate(row))
    if strange := set(by_candidate) - set(identities):
        raise ValueError(f"not compared here: {', '.join(sorted(strange))}")
    return [
        CandidateRecord(candidate=name, identity=identities[name], marks=tuple(marks))
        for name, marks in by_candidate.items()
    ]


def _set_aside(path: Path) -> Path:
    """Copy a file that cannot be read to a name under which nothing else is written."""
    k = 1
    while (aside := path.with_name(f"session.unread-{k}.json")).exists():
        k += 1
    return write_whole(aside, partial(shutil.copyfile, path))


def _unreadable(path: Path, why: str) -> str:
    return (
        f"{path.name!r} in {str(path.parent)!r} cannot be read ({why}). Judgements in it are not "
        "shown. The file stays as it is; when judgements are saved, it is kept under another "
        "name."
    )
