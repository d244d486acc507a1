"""How much memory there is."""

from __future__ import annotations

import os

#: Taken for granted where the system does not say.
_ASSUMED = 1 << 33


def physical_memory() -> int:
    """Return the bytes of memory of this machine; 8 GiB where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _ASSUMED
