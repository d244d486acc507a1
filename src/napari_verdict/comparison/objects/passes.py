"""What a thread, or another process, does with one block in the pass over labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.objects.limits import left_out
from napari_verdict.comparison.objects.reader import readers
from napari_verdict.metrics.overlap import OverlapTable, tabulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.objects.reader import Reader
    from napari_verdict.engine.blocks import Block

#: The key of the tables of the whole image among those of its parts.
WHOLE: Any = None


@dataclass(frozen=True)
class Tabulate:
    """Tabulates the overlaps of a block, of the whole image and of each of its parts.

    It holds descriptions of sources, so it can be sent to wherever the pixels are.

    Parameters
    ----------
    truth : callable
        Reads the ground truth.
    predictions : mapping of str to callable
        By name, what reads the predictions.
    left_out : mapping
        By part of the image, None for the whole, what reads where its pixels are left out;
        None where none is.
    """

    truth: Reader
    predictions: Mapping[str, Reader]
    left_out: Mapping[str | None, Reader | None]

    @staticmethod
    def of(comparison: Comparison) -> Tabulate:
        """Describe the pixels of a comparison; none is read."""
        truth, predictions, ignored = readers(comparison)
        masks: dict[Any, Reader | None] = {WHOLE: ignored}
        return Tabulate(truth, predictions, masks | left_out(comparison, ignored))

    def __call__(self, block: Block) -> dict[str | None, list[OverlapTable]]:
        """Return the tables of a block by part, one a prediction, without those of no pixel."""
        gt, found = self.truth(block), [read(block) for read in self.predictions.values()]
        tables = {}
        for part, read in self.left_out.items():
            ignore = read(block) if read else None
            if part is WHOLE or ignore is None or not ignore.all():
                tables[part] = [tabulate(gt, p, ignore, z0=block.z0, y0=block.y0) for p in found]
        return tables
