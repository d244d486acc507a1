"""The token by which work is told to stop."""

from __future__ import annotations

import threading


class Cancelled(Exception):
    """Work was stopped on request; nothing is wrong."""


class CancelToken:
    """Set once from any thread; every block task checks it before it starts.

    Quitting a worker does not stop what it has submitted, so the token, not
    the worker, is what ends the work.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask all work that carries this token to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether stopping was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if stopping was asked for."""
        if self._event.is_set():
            raise Cancelled
