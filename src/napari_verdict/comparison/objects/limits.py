"""What limits a comparison of labels: ignored pixels and objects, and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_verdict.comparison.exclusions import ignores_objects
from napari_verdict.comparison.objects.reader import Beyond, Counted
from napari_verdict.metrics.exclusions import ignore_objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_verdict.comparison.model import Comparison
    from napari_verdict.comparison.objects.reader import Reader
    from napari_verdict.comparison.regions import Region
    from napari_verdict.metrics.extents import Extents
    from napari_verdict.metrics.instances import Within
    from napari_verdict.metrics.matching import Matching
    from napari_verdict.metrics.overlap import Merger, OverlapTable

#: The key of the tables of ignored pixels among those of regions; no region has this name.
HIDDEN = ""

#: Overlap tables of parts of the image, by part and then by candidate, one a frame.
Parts = dict[str, dict[str, tuple["OverlapTable", ...]]]


def left_out(comparison: Comparison, read_ignore: Reader | None) -> dict[str, Reader | None]:
    """Return readers of what is left out of each part of the image, by region or `HIDDEN`."""
    truth = comparison.ground_truth.source
    readers: dict[str, Reader | None] = {}
    if read_ignore is not None:
        readers[HIDDEN] = Counted(read_ignore)
    for region in comparison.regions:
        readers[region.name] = Beyond(region.described(), truth, read_ignore)
    return readers


def with_ignored(
    comparison: Comparison, matching: Matching, parts: Parts, candidate: str, k: int
) -> Matching:
    """Return the matching of the k-th frame with the objects ignored that the settings say."""
    if not ignores_objects(comparison):
        return matching
    how = comparison.settings.exclusions
    hidden = parts.get(HIDDEN, {}).get(candidate)
    return ignore_objects(
        matching,
        hidden=None if hidden is None else hidden[k],
        edges=comparison.ground_truth.source.shape if how.border == "ignore" else None,
        min_size=how.min_size,
    )


def within(comparison: Comparison, region: Region, matching: Matching, k: int) -> Within:
    """Tell which objects of the k-th frame belong to a region: those whose centroid does."""
    overlap = matching.overlap
    return (
        _centred(comparison, region, overlap.gt_objects, k),
        _centred(comparison, region, overlap.pred_objects, k),
    )


def _centred(comparison: Comparison, region: Region, objects: Extents, k: int) -> NDArray[np.bool_]:
    source = comparison.ground_truth.source
    # halves go up, so that the same centroid is always in the same pixel
    pixels = np.floor(objects.centroids + 0.5).astype(np.intp)
    return region.holds(source, source.frames[k], pixels)


def described(comparison: Comparison) -> str:
    """Return what the convention of a score says of ignored pixels and objects."""
    how, said = comparison.settings.exclusions, ""
    if comparison.ignore is not None:
        said += "; ignored=pixels of the ignore mask"
    objects = [
        *(["touching the border"] if how.border == "ignore" else []),
        *([f"below {how.min_size} px"] if how.min_size > 1 else []),
        *(["more than 25 % in the ignore mask"] if comparison.ignore is not None else []),
    ]
    if objects and comparison.task == "instances":
        said += f"; ignored objects={', '.join(objects)}, after matching"
    return said + ("; ground truth=sparse" if how.sparse else "")


def tables_by_part(
    parts: Mapping[str, Mapping[str, Mapping[tuple[int, ...], Merger]]],
) -> Parts:
    """Bring the tables of blocks together, frame by frame."""
    return {
        part: {name: tuple(m.result() for m in frames.values()) for name, frames in of.items()}
        for part, of in parts.items()
    }
