"""Run an inquiry: is raw a witness, what does it say, where."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_verdict.comparison.evidence.allowed import check_geometry, check_raw
from napari_verdict.comparison.evidence.camera import camera_of
from napari_verdict.comparison.evidence.conditions import conditions_of
from napari_verdict.comparison.evidence.consensus import consensus_of, disagreement
from napari_verdict.comparison.evidence.disputes import disputes_in, ranked
from napari_verdict.comparison.evidence.further import (
    LazyError,
    Witness,
    data_range_of,
    error_rows,
    still_captures,
)
from napari_verdict.comparison.evidence.independence import check_compressed
from napari_verdict.comparison.evidence.maps import Mapped, lazy_maps
from napari_verdict.comparison.evidence.places import apart
from napari_verdict.comparison.evidence.reading import Pixels
from napari_verdict.comparison.evidence.result import EvidenceResult
from napari_verdict.comparison.evidence.rows import prediction_rows
from napari_verdict.comparison.evidence.sample import sample_of
from napari_verdict.comparison.findings import ComparisonError, blocking
from napari_verdict.comparison.model import RAW
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.blocks import Block, blocks_of, grain_of
from napari_verdict.engine.executor import run_blocks
from napari_verdict.engine.memory import physical_memory
from napari_verdict.engine.sources import canonical_view
from napari_verdict.metrics.evidence import evidence_map

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from napari_verdict.comparison.evidence.conditions import Conditions
    from napari_verdict.comparison.evidence.disputes import Dispute
    from napari_verdict.comparison.evidence.model import Inquiry
    from napari_verdict.comparison.evidence.places import Place
    from napari_verdict.comparison.lazy import LazyArray
    from napari_verdict.comparison.scores import Score
    from napari_verdict.engine.cancel import CancelToken

#: Pixels of a band of rows, of which the halo is a small part.
BAND_PIXELS = 1 << 20
#: Maps that would take more than this share of the memory are computed when looked at.
STORED_SHARE = 0.25
#: Maps that are made while places are looked for.
FIRST = ("evidence", "limit", "residual")


def run_evidence(
    inquiry: Inquiry,
    *,
    token: CancelToken,
    threads: int | None = None,
    pixels: int = BAND_PIXELS,
) -> Generator[Progress, None, EvidenceResult]:
    """Ask raw of every prediction, band by band.

    Parameters
    ----------
    inquiry : Inquiry
        What is asked; its arrays are only read.
    token : CancelToken
        Stops the work.
    threads : int, optional
        By default one for each processor.
    pixels : int
        Size of a band of rows; it changes no place and no score.

    Yields
    ------
    Progress
        After every step and band.

    Returns
    -------
    EvidenceResult

    Raises
    ------
    ComparisonError
        In plain words, where raw cannot be a witness.
    Cancelled
        If the token was set.
    """
    started = time.perf_counter()
    found = check_geometry(inquiry)
    if bad := blocking(found):
        raise ComparisonError(bad)
    yield Progress(0, 1, "preparing")
    evidence_map(np.zeros((2, 2), np.float32))  # loads, or compiles, the kernels
    given = Pixels.of(inquiry)
    sample = sample_of(given, token)
    if bad := blocking([*check_raw(sample), *check_compressed(given.corner())]):
        raise ComparisonError(bad)
    still, said = still_captures(given)
    found += said
    steady = [sample.captures[k] for k in still]
    camera = yield from camera_of(inquiry, sample, steady, token)
    known: dict[str, Conditions] = {}
    for k, prediction in enumerate(inquiry.predictions):
        token.check()
        yield Progress(k, len(inquiry.predictions), "noise")
        known[prediction.name], said = conditions_of(
            inquiry, sample, camera, prediction.name, given.raw.frames, token
        )
        found += [f for f in said if f not in found]
    work = _Work(inquiry, given, known, pixels, token, threads)
    places, maps = yield from work.evidence()
    disputes = (yield from work.disputes()) if len(known) > 1 else ()
    consensus: Mapping[str, Any] = {}
    if len(known) > 1:
        for name in known:
            differs = disagreement(inquiry, given, known, name)
            maps[name]["disagreement"] = yield from work.kept(differs)
        consensus = consensus_of(inquiry, given, known)
    rows: list[Score] = []
    for name, of in known.items():
        rows += prediction_rows(inquiry, name, of, places[name])
    if inquiry.captures:
        first = next(iter(known.values()))
        standards = {RAW: first.of_frame} | {n: c.of_frame for n, c in known.items()}
        witness = Witness(given, tuple(still), standards)
        spread = data_range_of(sample, still)
        rows += yield from error_rows(inquiry, witness, known, spread, token)
        if still:
            for name in inquiry.candidates:
                error = yield from work.kept(LazyError(inquiry.ground_truth, witness, name))
                maps.setdefault(name, {})["error"] = error
    return EvidenceResult(
        inquiry,
        tuple(rows),
        tuple(found),
        time.perf_counter() - started,
        inquiry,
        stored=maps,
        conditions=known,
        places=places,
        disputes=disputes,
        consensus=consensus,
    )


@dataclass(frozen=True)
class _Work:
    """The passes over the bands of all planes."""

    inquiry: Inquiry
    given: Pixels
    known: Mapping[str, Conditions]
    pixels: int
    token: CancelToken
    threads: int | None

    @property
    def blocks(self) -> list[Block]:
        """Bands of one plane each."""
        sources = (*self.given.sources.values(), *self.given.captures)
        grain = grain_of(s.grain for s in sources)
        raw = self.given.raw
        return [
            b
            for frame in raw.frames
            for b in blocks_of(frame, raw.shape, self.pixels, grain=grain, planes=1)
        ]

    @property
    def is_stored(self) -> bool:
        """Whether maps are stored rather than computed when they are looked at."""
        size = 4 * 5 * math.prod(self.inquiry.ground_truth.shape) * len(self.known)
        return self.given.in_memory and size <= STORED_SHARE * physical_memory()

    def kept(self, lazy: LazyArray) -> Generator[Progress, None, Any]:
        """Return a map as it is kept."""
        if not self.is_stored:
            return lazy
        stored = np.empty(lazy.shape, lazy.dtype)
        view: Any = canonical_view(stored, lazy.axes)
        blocks = list(lazy.blocks(...))
        parts = run_blocks(lazy.tile, blocks, token=self.token, threads=self.threads)
        for k, (block, part) in enumerate(zip(blocks, parts, strict=True)):
            view[(*block.frame, block.z0, block.y)] = part[0]
            yield Progress(k + 1, len(blocks), "maps")
        return stored

    def evidence(
        self,
    ) -> Generator[Progress, None, tuple[dict[str, tuple[Place, ...]], dict[str, dict[str, Any]]]]:
        """Look for places in every band; keep the maps where that is wanted."""
        raw = self.inquiry.ground_truth
        maps: dict[str, dict[str, Any]] = {}
        views: dict[str, dict[str, Any]] = {}
        mapped = {n: Mapped(self.given, n, c) for n, c in self.known.items()}
        for name, one in mapped.items():
            if not self.is_stored:
                maps[name] = dict(lazy_maps(raw, one))
                continue
            maps[name] = {m: np.empty(raw.shape, np.float32) for m in FIRST}
            views[name] = {m: canonical_view(a, raw.axes) for m, a in maps[name].items()}
        jobs = [(name, block) for name in mapped for block in self.blocks]

        def look(job: tuple[str, Block]) -> list[Place]:
            name, block = job
            made, found = mapped[name].look(block, FIRST if self.is_stored else ())
            for m, band in made.items():
                views[name][m][(*block.frame, block.z0, block.y)] = band
            return found

        found: dict[str, list[Place]] = {n: [] for n in mapped}
        parts = run_blocks(look, jobs, token=self.token, threads=self.threads)
        for k, ((name, _), part) in enumerate(zip(jobs, parts, strict=True)):
            found[name] += part
            yield Progress(k + 1, len(jobs), "evidence")
        reach = _planes_apart(self.inquiry)
        return {n: tuple(apart(p, reach)) for n, p in found.items()}, maps

    def disputes(self) -> Generator[Progress, None, tuple[Dispute, ...]]:
        """Look for disputed places in every band."""
        found: list[Dispute] = []
        blocks = self.blocks

        def look(block: Block) -> list[Dispute]:
            return disputes_in(self.given, self.known, block)

        parts = run_blocks(look, blocks, token=self.token, threads=self.threads)
        for k, part in enumerate(parts):
            found += part
            yield Progress(k + 1, len(blocks), "disputes")
        return ranked(found)


def _planes_apart(inquiry: Inquiry) -> int:
    """Return how many planes away a place still counts as the same: about 8 px."""
    z, y, _ = inquiry.ground_truth.spacing
    return max(1, round(8 * y / z))
