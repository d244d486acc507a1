"""What takes long, left to somebody who does it: here and now, or a worker of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_verdict.comparison.result import Progress

    Steps = Callable[[CancelToken], Generator[Progress, None, Any]]


class Work(Protocol):
    """Who does what takes long; one thing at a time."""

    def start(
        self, steps: Steps, done: Callable[[Any], None], failed: Callable[[str], None], what: str
    ) -> None:
        """Do the steps and hand over what they return, or a sentence of what went wrong."""

    def cancel(self) -> None:
        """Stop; nothing is handed over."""


class Here:
    """Does all work at once."""

    def start(
        self, steps: Steps, done: Callable[[Any], None], failed: Callable[[str], None], what: str
    ) -> None:
        """Do the steps."""
        try:
            outcome = complete(steps(CancelToken()))
        except ComparisonError as error:
            failed(" ".join(f.message for f in error.findings))
        else:
            done(outcome)

    def cancel(self) -> None:
        """Nothing is ever under way."""
