"""Files that are whole at any moment, whatever happens while they are written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], Any]) -> Path:
    """Write beside the file, bring it to the disk, then put it in its place.

    Parameters
    ----------
    path : Path
        The file; its folder is there. It holds what it held, or all that is new, never a half.
    write : callable
        Writes a file of the name it is given.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    OSError
        If it cannot be written; the file is what it was.
    """
    # a name that no other thread or process writes to
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        write(part)
        settle(part, os.O_RDWR)
        part.replace(path)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            settle(path.parent, os.O_RDONLY)
    finally:
        part.unlink(missing_ok=True)
    return path


def settle(path: Path, flags: int) -> None:
    """Wait until the disk has a file, or the names in a folder.

    Parameters
    ----------
    path : Path
        The file or folder.
    flags : int
        How it is opened for that (`os.O_RDWR` a file, `os.O_RDONLY` a folder).
    """
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
