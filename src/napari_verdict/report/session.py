"""The session file: what a person said of a result, kept beside it as `session.json`."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field, ValidationError

import napari_verdict
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.judgements import Judgement, Judgements, from_rows
from napari_verdict.report.identity import Identity, Model
from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_verdict.comparison.entries import EntryKey
    from napari_verdict.comparison.judgements import Mark

SESSION_NAME = "session.json"
PREVIOUS_NAME = "session.previous.json"
SCHEMA_VERSION = 1
#: Two windows may keep what is said of the same pixels.
_WRITING = threading.Lock()


class MarkRecord(Model):
    """What is said of one entry."""

    role: Literal["ground truth", "prediction", "place", "dispute"]
    frame: tuple[int, ...]
    id: int = Field(ge=0, lt=2**64)
    judgement: Judgement | None
    note: str
    at: AwareDatetime


class CandidateRecord(Model):
    """What is said of the entries of one candidate."""

    candidate: str = Field(description="Its name when it was judged.")
    identity: Identity
    marks: tuple[MarkRecord, ...]


class SessionRecord(Model):
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
    _known: dict[EntryKey, Mark] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._known.update(self.found)

    def save(self, judgements: Judgements) -> Path | None:
        """Write judgements as they stand; the history of undo stays with the window.

        What the file says of other comparisons is kept, and what another window has written since
        of entries that were not judged otherwise here. The file before is kept as
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
        if strange := {k.candidate for k in judgements.marks} - set(self.identities):
            raise ValueError(f"not compared here: {', '.join(sorted(strange))}")
        aside = None
        try:
            with _WRITING:
                records: list[CandidateRecord] = []
                try:
                    records = list(_read(self.path))
                except ValidationError:
                    aside = _set_aside(self.path)
                taken = _taken(records, self.identities)
                there = _marks(taken)
                merged = _merged(judgements.marks, self._known, there)
                mine = _candidate_records(merged, self.identities)
                chosen = [r for of_one in taken.values() for r in of_one]
                others = [r for r in records if not any(r is c for c in chosen)]
                self._write(others + mine, aside is None)
                self._known.clear()
                self._known.update(judgements.marks)
        except OSError as error:
            message = (
                f"The judgements cannot be saved in {str(self.path.parent)!r}: "
                f"{error.strerror or error}. They stay in this window and are tried again; "
                "save the results in another folder to keep them."
            )
            raise ComparisonError(
                [Finding("session-unwritable", Severity.ERROR, message)]
            ) from error
        return aside

    def forget(self) -> None:
        """Take out what is said of this comparison; a file that says nothing else goes.

        Raises
        ------
        OSError, ValidationError
            If the file cannot be read or written.
        """
        with _WRITING:
            records = list(_read(self.path))
            taken = [r for of_one in _taken(records, self.identities).values() for r in of_one]
            others = [r for r in records if not any(r is t for t in taken)]
            if others:
                self._write(others, False)
            else:
                self.path.unlink(missing_ok=True)

    def _write(self, records: list[CandidateRecord], keep_previous: bool) -> None:
        record = SessionRecord(
            schema_version=SCHEMA_VERSION,
            verdict_version=napari_verdict.__version__,
            judged=tuple(records),
        )
        text = record.model_dump_json(indent=1) + "\n"
        if keep_previous and self.path.exists():
            previous = self.path.with_name(PREVIOUS_NAME)
            write_whole(previous, partial(shutil.copyfile, self.path))
        write_whole(self.path, lambda part: part.write_text(text, "utf-8", newline="\n"))


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
    return SessionFile(path, identities, _marks(_taken(records, identities)))


def _taken(
    records: Iterable[CandidateRecord], identities: Mapping[str, Identity]
) -> dict[str, list[CandidateRecord]]:
    """Return for each candidate the records that are of it.

    Those of its own name; without any, the first of a name that is not there now.
    """
    records = list(records)
    taken = {}
    for name, identity in identities.items():
        of_it = [r for r in records if r.identity == identity]
        own = [r for r in of_it if r.candidate == name]
        taken[name] = own or [r for r in of_it if r.candidate not in identities][:1]
    return taken


def _marks(taken: Mapping[str, list[CandidateRecord]]) -> dict[EntryKey, Mark]:
    """Return what records say, under the names that candidates have now."""
    found: dict[EntryKey, Mark] = {}
    for name, records in taken.items():
        for record in records:
            rows = (m.model_dump(mode="json") | {"candidate": name} for m in record.marks)
            found |= from_rows(rows)
    return found


def _merged(
    here: Mapping[EntryKey, Mark], known: Mapping[EntryKey, Mark], there: Mapping[EntryKey, Mark]
) -> dict[EntryKey, Mark]:
    """Return what is said here, but where nothing changed here since, what a file says."""
    merged = {k: there.get(k) if here.get(k) == known.get(k) else here.get(k) for k in here}
    merged |= {k: mark for k, mark in there.items() if k not in here and k not in known}
    return {k: mark for k, mark in merged.items() if mark is not None}


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
    marks: Mapping[EntryKey, Mark], identities: Mapping[str, Identity]
) -> list[CandidateRecord]:
    by_candidate: dict[str, list[MarkRecord]] = {}
    for row in Judgements(marks).as_rows():
        by_candidate.setdefault(row.pop("candidate"), []).append(MarkRecord.model_validate(row))
    return [
        CandidateRecord(candidate=name, identity=identities[name], marks=tuple(of_it))
        for name, of_it in by_candidate.items()
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
