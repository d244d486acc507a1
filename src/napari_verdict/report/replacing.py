"""An export in the place of the one before, of which nothing stays that is no part of the new."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING

from napari_verdict.report.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import BaseModel

PROVENANCE_NAME = "provenance.json"
#: Names what an export has written, or was about to, until it is complete.
_UNFINISHED = ".unfinished-export.json"
#: What tells a folder as one of Zarr, of version 2 or 3.
_ZARR = (".zattrs", "zarr.json")


class Replacing:
    """One export into a folder, from the moment on in which the one before is no longer complete.

    Where an export ends early, what it wrote and what was there before is known to the next one.

    Parameters
    ----------
    folder : Path
        Made with the first file that is expected.

    Raises
    ------
    OSError
        If the folder cannot be written to; so do all methods.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        before = folder / PROVENANCE_NAME
        self._known = _named(before) | _named(folder / _UNFINISHED)
        if self._known:
            self.expect(())
        before.unlink(missing_ok=True)  # so that where it is, the rest is complete

    def expect(self, names: Iterable[str]) -> None:
        """Note files, by their path within the folder, before they are written."""
        self._known.update(names)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(_UNFINISHED, json.dumps({"files": sorted(self._known)}))

    def relative(self, written: Iterable[Path]) -> list[str]:
        """Return files by their path within the folder."""
        return [path.relative_to(self.folder).as_posix() for path in written]

    def end(self, record: BaseModel, names: Iterable[str]) -> Path:
        """Remove what is not among the names and was written by an export; say where labels are of.

        Parameters
        ----------
        record : BaseModel
            The provenance.
        names : iterable of str
            The files of this export.

        Returns
        -------
        Path
            The provenance, which is written last.
        """
        for name in self._known.difference(names):
            self._remove(self.folder / name)
        path = self._write(PROVENANCE_NAME, record.model_dump_json(indent=1) + "\n")
        (self.folder / _UNFINISHED).unlink(missing_ok=True)
        return path

    def _remove(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self.folder.resolve()):
            return
        if path.is_file():
            path.unlink()
        elif path.suffix == ".zarr" and any((path / name).is_file() for name in _ZARR):
            shutil.rmtree(path)

    def _write(self, name: str, text: str) -> Path:
        return write_whole(self.folder / name, partial(_write_text, text=text))


def _named(path: Path) -> set[str]:
    """Return the files that an export names; none where it cannot be read."""
    try:
        names = json.loads(path.read_text("utf-8"))["files"]
        return {name for name in names if isinstance(name, str)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
