"""What of the list belongs to a region, found in a worker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job, words_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.entries import Entries, EntryKey, Filter
    from napari_verdict.engine.cancel import CancelToken


class RegionFilter(QObject):
    """Finds the entries of a region, once for each list and region."""

    #: The entries of the region are known now, or why they are not.
    found = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._asked: tuple[Any, str] = (None, "")
        self._keys: frozenset[EntryKey] = frozenset()
        self._is_wanted, self._trouble = False, ""
        self._job = Job(self)
        self._job.done.connect(self._on_done)

    def narrowed(self, result: Any, entries: Entries | None, wanted: Filter) -> Filter:
        """Return a filter with the entries of its region named.

        Until they are found it names none, or those of the list before in the same region.
        """
        self._is_wanted = bool(wanted.region) and entries is not None
        if not wanted.region or entries is None:
            return wanted
        if (entries, wanted.region) != self._asked:
            if wanted.region != self._asked[1]:
                self._keys = frozenset()
            self._asked = entries, wanted.region
            self._job.cancel()
            named = [r for r in result.comparison.regions if r.name == wanted.region]
            self._trouble = "" if named else f"This result has no region “{wanted.region}”."
            if named:
                self._look(result, entries, named[0])
        return replace(wanted, only=self._keys)

    @property
    def why(self) -> str:
        """Why it is not known what is in the region that is asked for; "" where it is."""
        if not self._is_wanted:
            return ""
        if self._job.is_busy:
            return f"Looking for what is in {self._asked[1]}…"
        return self._trouble and f"{self._trouble} Reset lists what is wrong anywhere."

    def _look(self, result: Any, entries: Entries, region: Any) -> None:
        def steps(token: CancelToken) -> Generator[Progress, None, frozenset[EntryKey]]:
            from napari_verdict.comparison.within import entries_within

            yield Progress(0, 1, "region")
            held = entries_within(result, entries, region, token)
            return frozenset(entries.key(row) for row in np.flatnonzero(held).tolist())

        self._job.start(steps, "Looking for what is in the region")

    def stop(self) -> None:
        """Stop looking."""
        self._job.cancel()

    def _on_done(self, outcome: Any) -> None:
        is_known = isinstance(outcome, frozenset)
        self._keys = outcome if is_known else frozenset()
        self._trouble = "" if is_known else words_of(outcome)
        self.found.emit()
