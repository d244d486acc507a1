"""What takes its time is done by a thread, and what comes after it waits for its turn."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


_log = logging.getLogger(__name__)


class InOrder:
    """Calls functions one after another in a thread of their own, in the order they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether anything is not done yet."""
        with self._changed:
            return bool(self._calls)

    def after(self, function: Callable[..., Any], *values: Any) -> None:
        """Call a function at once; where anything is not done yet, in its turn."""
        if self.is_busy:
            self.do(function, *values)
        else:
            function(*values)

    def do(self, function: Callable[..., Any], *values: Any) -> None:
        """Call a function after all that were asked for before; its answer is nobody's."""
        with self._changed:
            self._calls.append((function, values))
            if len(self._calls) == 1:
                threading.Thread(target=self._work, name="in-order").start()

    def wait(self) -> None:
        """Wait, in another thread, until all is done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._calls)

    def _work(self) -> None:
        while True:
            with self._changed:
                function, values = self._calls[0]
            try:
                function(*values)
            except Exception:
                _log.exception("work failed")
            with self._changed:
                self._calls.popleft()
                self._changed.notify_all()
                if not self._calls:
                    return
