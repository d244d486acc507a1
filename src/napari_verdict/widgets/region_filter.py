"""What of the list belongs to a region, found in a worker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_verdict.comparison.entries import Entries, EntryKey, Filter
    from napari_verdict.engine.cancel import CancelToken


class RegionFilter(QObject):
    """Finds the entries of a region, once for each list and region."""

    #: The entries of the region are known now.
    found = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._asked: tuple[Any, str] = (None, "")
        self._keys: frozenset[EntryKey] = frozenset()
        self._job = Job(self)
        self._job.done.connect(self._on_done)

    def narrowed(self, result: Any, entries: Entries | None, wanted: Filter) -> Filter:
        """Return a filter with the entries of its region named.

        Until they are found it names none, or those of the list before in the same region.
        """
        if not wanted.region or entries is None:
            return wanted
        if (entries, wanted.region) != self._asked:
            if wanted.region != self._asked[1]:
                self._keys = frozenset()
            self._asked = entries, wanted.region
            self._job.cancel()
            for region in result.comparison.regions:
                if region.name == wanted.region:
                    self._look(result, entries, region)
        return replace(wanted, only=self._keys)

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
        if isinstance(outcome, frozenset):
            self._keys = outcome
            self.found.emit()
