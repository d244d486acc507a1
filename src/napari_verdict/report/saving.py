"""What is said of saving: when it was done, and why it is not."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: After so many seconds without an answer, it is said that there is none.
_PATIENCE = 5.0
_KEPT = "What is not saved is kept in memory, and saving is tried again every few seconds."
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_GONE = {
    errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ETIMEDOUT,
    errno.ENOTCONN, errno.ECONNRESET,
}  # fmt: skip


@dataclass(frozen=True)
class SavingState:
    """How far saving is.

    Parameters
    ----------
    saved : float, optional
        When the disk last confirmed strokes, as `time.monotonic` counts; None before.
    waiting : int
        Strokes that the disk has not confirmed: a loss of power may lose them.
    since : float, optional
        When the oldest of them was made.
    trouble : str
        Sentences where saving has failed and is tried again; else empty.
    folder : str
        Where to.
    written : int
        How many of those waiting are in their files: they are there also if napari ends now, and
        whoever opens the files finds them. The others are in memory alone.
    """

    saved: float | None
    waiting: int
    since: float | None
    trouble: str
    folder: str
    written: int = 0

    def worry(self, now: float | None = None) -> str:
        """Return what a person has to know and do; empty while all is well."""
        if not self.waiting:
            return self.trouble
        age = self._age(self.since, now)
        if self.trouble:
            return f"Not saved for {spoken(age)}. {self.trouble}"
        if age > _PATIENCE and self.written == self.waiting:
            return (
                f"The disk of {self.folder!r} has not confirmed for {spoken(age)} what is written "
                "to it. If napari ends nothing is lost; do not switch off the computer or take "
                "the drive out before."
            )
        if age > _PATIENCE:
            return (
                f"Not saved for {spoken(age)}: the folder {self.folder!r} does not answer. {_KEPT} "
                "Do not close napari before."
            )
        return ""

    def words(self, now: float | None = None) -> str:
        """Say in a few words how far it is, such as "Saved 1 s ago"."""
        if self.waiting:
            in_files = self.written == self.waiting and not self.trouble
            age = spoken(self._age(self.since, now))
            how = "Not confirmed" if in_files else "Not saved"
            return f"{how} for {age}" if self.worry(now) else "Saving …"
        if self.saved is None:
            return "Nothing to save yet"
        return f"Saved {spoken(self._age(self.saved, now))} ago"

    def _age(self, then: float | None, now: float | None) -> float:
        return max(0.0, (time.monotonic() if now is None else now) - (then or 0.0))


def spoken(seconds: float) -> str:
    """Write a time for people: ``1 s``, ``12 min``, ``3 h``."""
    if seconds < 60:
        return f"{int(seconds)} s"
    return f"{int(seconds // 60)} min" if seconds < 3600 else f"{int(seconds // 3600)} h"


def trouble_of(error: OSError | MemoryError, folder: Path) -> str:
    """Return what it means that a folder cannot be written to, and the way out."""
    place, code = repr(str(folder)), getattr(error, "errno", None)
    if code in _FULL:
        what, out = f"The disk of {place} is full.", "Free some space on it"
    elif code in _FORBIDDEN:
        what, out = f"The folder {place} cannot be written to.", "Allow writing there"
    elif code in _GONE:
        what, out = f"The folder {place} cannot be reached.", "Connect its drive again"
    else:
        why = getattr(error, "strerror", None) or str(error) or "too little memory"
        what, out = f"Saving in {place} has failed ({why}).", "See to it"
    return f"{what} {_KEPT} {out}, or export the labels to another place, before closing napari."
