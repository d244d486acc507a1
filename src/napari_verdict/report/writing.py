"""Files that are whole at any moment, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What drives in a network answer that confirm files, and no folders.
_NOT_OF_FOLDERS = {errno.EINVAL, errno.EBADF, errno.ENOTSUP}


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
        _settle(part, os.O_RDWR)
        part.replace(path)
        settle_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return path


def settle_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder, where such a thing can be asked for."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    try:
        _settle(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NOT_OF_FOLDERS:
            raise


def _settle(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
