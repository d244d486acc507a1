"""Labels against labels: one pass over the pixels, everything else from the overlap table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.objects.limits import tables_by_part, with_ignored
from napari_verdict.comparison.objects.outcomes import (
    ObjectInfo,
    Role,
    kind_names,
    object_info,
    object_table,
)
from napari_verdict.comparison.objects.passes import WHOLE, Tabulate
from napari_verdict.comparison.objects.scores import CURVE_THRESHOLDS, curve_table, label_rows
from napari_verdict.comparison.result import Progress, Result
from napari_verdict.engine.blocks import BLOCK_PIXELS, blocks_of, grain_of
from napari_verdict.engine.executor import run_blocks
from napari_verdict.metrics.classes import confusion_of
from napari_verdict.metrics.matching import Matching, match
from napari_verdict.metrics.overlap import Merger, OverlapTable, merge

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Input
    from napari_verdict.comparison.objects.limits import Parts
    from napari_verdict.engine.cancel import CancelToken


def run_labels(
    comparison: Comparison,
    *,
    token: CancelToken,
    threads: int | None = None,
    pixels: int = BLOCK_PIXELS,
) -> Generator[Progress, None, LabelResult]:
    """Compare labels with labels, block by block.

    Parameters
    ----------
    comparison : Comparison
        Of task instances, foreground or semantic, and without blocking findings. Labels
        may be of any integer dtype, bool, or floats that are whole numbers.
    token : CancelToken
        Stops the work.
    threads : int, optional
        By default one for each processor.
    pixels : int
        Size of a block; it changes no bit of the result.

    Yields
    ------
    Progress
        After every block.

    Returns
    -------
    LabelResult
    """
    source = comparison.ground_truth.source
    work = Tabulate.of(comparison)
    inputs = (comparison.ground_truth, *comparison.candidates.values())
    grain = grain_of(item.source.grain for item in inputs)
    blocks = [
        b for frame in source.frames for b in blocks_of(frame, source.shape, pixels, grain=grain)
    ]
    mergers: dict[Any, dict[str, dict[tuple[int, ...], Merger]]] = {
        part: {name: {frame: Merger() for frame in source.frames} for name in work.predictions}
        for part in work.left_out
    }
    done = run_blocks(work, blocks, token=token, threads=threads)
    for k, (block, by_part) in enumerate(zip(blocks, done, strict=True)):
        for part, tables in by_part.items():
            for name, table in zip(work.predictions, tables, strict=True):
                mergers[part][name][block.frame].add(table)
        yield Progress(k + 1, len(blocks), "labels")
    merged = tables_by_part(mergers)
    return _result(comparison, merged.pop(WHOLE), merged)


def _result(
    comparison: Comparison,
    overlap: Mapping[str, tuple[OverlapTable, ...]],
    parts: Parts,
    known: Mapping[OverlapTable, Matching] = MappingProxyType({}),
) -> LabelResult:
    settings = comparison.settings
    matchings = {}
    if comparison.task is Task.INSTANCES:
        matchings = {
            name: tuple(
                with_ignored(
                    comparison,
                    known.get(t) or match(t, settings.iou_threshold, settings.iou_inclusive),
                    parts,
                    name,
                    k,
                )
                for k, t in enumerate(tables)
            )
            for name, tables in overlap.items()
        }
    rows = label_rows(comparison, overlap, matchings, parts)
    return LabelResult(comparison, rows, overlap=overlap, matchings=matchings, parts=parts)


@dataclass(frozen=True, eq=False)
class LabelResult(Result):
    """Scores of labels against labels, and the overlap tables they are derived from.

    `Result.score` gives precision and recall of objects where instances are compared; those
    of their pixels are the rows of `scores` without a threshold.

    Parameters
    ----------
    overlap : mapping of str to tuple of OverlapTable
        By candidate; one a frame.
    matchings : mapping of str to tuple of Matching
        At the threshold of the settings; by candidate, one a frame. Only for instances.
    parts : mapping of str to mapping of str to tuple of OverlapTable
        By region, or `limits.HIDDEN` for the ignored pixels; then as `overlap`.
    """

    overlap: Mapping[str, tuple[OverlapTable, ...]] = field(default_factory=dict)
    matchings: Mapping[str, tuple[Matching, ...]] = field(default_factory=dict)
    parts: Parts = field(default_factory=dict)

    def at(self, threshold: float, inclusive: bool | None = None) -> LabelResult:
        """Return the result at another IoU threshold, without reading a pixel again.

        Parameters
        ----------
        threshold : float
            In (0, 1]. What a slider adds beyond six decimals is rounded away.
        inclusive : bool, optional
            Whether exactly the threshold matches; unchanged by default.

        Raises
        ------
        ValueError
            If the threshold is out of range.
        """
        settings = self.comparison.settings
        inclusive = settings.iou_inclusive if inclusive is None else inclusive
        comparison = self.comparison.with_settings(
            iou_threshold=round(threshold, 6), iou_inclusive=inclusive
        )
        result = replace(
            _result(comparison, self.overlap, self.parts),
            findings=self.findings,
            seconds=self.seconds,
            request=self.request,
        )
        if "curve" in vars(self) and inclusive == settings.iou_inclusive:
            vars(result)["curve"] = self.curve  # no threshold changes it
        return result

    def repainted(
        self,
        ground_truth: Input,
        box: tuple[int, int, int, int, int, int],
        before: NDArray[Any],
        frame: tuple[int, ...] = (),
    ) -> LabelResult:
        """Return the result after a part of the ground truth was painted, reading little else.

        Parameters
        ----------
        ground_truth : Input
            The ground truth as it is now: shape, axes and dtype of the one compared, of which
            it differs in the box alone. The new result holds on to it.
        box : tuple of int
            z0, z1, y0, y1, x0, x1 in pixels, ends exclusive: all that was painted lies within.
        before : (z, y, x) ndarray
            The pixels of the box as they were when this result was computed.
        frame : tuple of int
            Index along the frame axes (t, c) of the ground truth: which frame was painted.

        Returns
        -------
        LabelResult
            Equal to computing everything again.

        Raises
        ------
        ValueError
            If the painted ground truth has another shape, other axes or another dtype.
        """
        from napari_verdict.comparison.objects.repainting import (
            painted_comparison,
            tables_repainted,
        )

        comparison = painted_comparison(self.comparison, ground_truth)
        overlap, parts = tables_repainted(self, comparison, tuple(frame), box, before)
        known = {m.overlap: m for matchings in self.matchings.values() for m in matchings}
        request = self.request
        if request is not None:
            kept = request.ground_truth.data is self.comparison.ground_truth.data
            request = replace(request, ground_truth=ground_truth) if kept else None
        return replace(
            _result(comparison, overlap, parts, known),
            findings=self.findings,
            seconds=self.seconds,
            request=request,
        )

    @cached_property
    def curve(self) -> pd.DataFrame:
        """Instance scores at thresholds 0.50, 0.55 ... 0.95, pooled over frames."""
        return self.curve_at(CURVE_THRESHOLDS)

    def curve_at(self, thresholds: Sequence[float]) -> pd.DataFrame:
        """Return instance scores at any thresholds in (0, 1], as in `curve`.

        Where objects touch, those below 0.5 take an assignment problem each.
        """
        overlap = self.overlap if self.comparison.task is Task.INSTANCES else {}
        return curve_table(self.comparison, overlap, self.parts, thresholds)

    @cached_property
    def _objects(self) -> pd.DataFrame:
        source = self.comparison.ground_truth.source
        frames = [dict(zip(source.frame_axes, f, strict=True)) or None for f in source.frames]
        return object_table(self.matchings, frames, source.axes, self.kinds)

    @property
    def objects(self) -> pd.DataFrame:
        """One row an object of either side; empty unless instances are compared."""
        return self._objects

    @cached_property
    def confusion(self) -> Mapping[str, pd.DataFrame]:
        """Confusion matrix by candidate, pooled over frames: pixels by class.

        Rows are classes of the ground truth, columns of the prediction; 0 is background.
        """
        import pandas as pd

        matrices = {}
        for name, tables in self.overlap.items():
            confusion = confusion_of(merge(tables))
            classes = confusion.classes
            matrices[name] = pd.DataFrame(
                confusion.matrix(),
                pd.Index(classes, name="ground truth"),
                pd.Index(classes, name="prediction"),
            )
        return matrices

    def lookup(
        self, candidate: str, role: Role, object_id: int, frame: tuple[int, ...] = ()
    ) -> ObjectInfo | None:
        """Say what became of one object.

        Parameters
        ----------
        candidate : str
            Name of the prediction.
        role : str
            ``ground truth`` or ``prediction``: whose object it is.
        object_id : int
            As in the label image.
        frame : tuple of int
            Index along the frame axes (t, c) of the ground truth.

        Returns
        -------
        ObjectInfo or None
            None where there is no such object.
        """
        matchings = self.matchings.get(candidate)
        index = self._frame_index.get(tuple(frame))
        if matchings is None or index is None:
            return None
        return object_info(matchings[index], candidate, role, int(object_id), self.kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the kinds of objects."""
        return kind_names(self.comparison.settings.exclusions.sparse)

    @cached_property
    def _frame_index(self) -> dict[tuple[int, ...], int]:
        return {f: k for k, f in enumerate(self.comparison.ground_truth.source.frames)}

    def overlays(self, candidate: str) -> Mapping[str, Any]:
        """Paint the overlays of one candidate; see `napari_verdict.comparison.objects.overlays`."""
        from napari_verdict.comparison.objects.overlays import overlays

        return overlays(self, candidate)
