"""Runs of equal pairs of labels, counted in a hash table: the kernel of the overlap table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Labels are read as unsigned integers of one width, so that a kernel is compiled for four
# types instead of sixty-four; the bits are turned back into ids at the end.


def plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as kernels take it: read-only and strided ones are copied."""
    # to numba they are types of their own, each with a compilation of its own
    return np.require(array, requirements=["C", "W"])


def bits_of(labels: NDArray[Any], width: int) -> NDArray[Any]:
    """Return labels of any integer dtype as unsigned integers of `width` bytes."""
    kind = "i" if labels.dtype.kind == "i" else "u"
    whole = labels.view(np.uint8) if labels.dtype.kind == "b" else labels
    return plain(whole.astype(f"{kind}{width}", copy=False)).view(f"u{width}")


def ids_from(bits: NDArray[np.uint64], dtype: np.dtype[Any], width: int) -> NDArray[Any]:
    """Return the ids, int64 or uint64, that labels of a dtype had before `bits_of`."""
    if dtype.kind == "i":
        return bits.astype(f"u{width}").view(f"i{width}").astype(np.int64)
    return bits if dtype == np.uint64 else bits.astype(np.int64)


@njit(nogil=True, cache=True)
def _slot_of(keys: NDArray[Any], stats: NDArray[Any], g: Any, p: Any) -> Any:
    """Return the slot of a pair in the hash table, or the free slot where it belongs."""
    mask = np.uint64(len(keys) - 1)
    h = (g * np.uint64(0x9E3779B97F4A7C15)) ^ (p * np.uint64(0xC2B2AE3D27D4EB4F))
    h ^= h >> np.uint64(32)
    while True:
        slot = np.int64(h & mask)
        if stats[slot, 0] == 0 or (keys[slot, 0] == g and keys[slot, 1] == p):
            return slot
        h += np.uint64(1)


@njit(nogil=True, cache=True)
def _grown(keys: NDArray[Any], stats: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the hash table with twice as many slots."""
    more_keys = np.zeros((2 * len(keys), 2), np.uint64)
    more_stats = np.zeros((2 * len(keys), 10), np.int64)
    for i in range(len(keys)):
        if stats[i, 0] > 0:
            slot = _slot_of(more_keys, more_stats, keys[i, 0], keys[i, 1])
            more_keys[slot] = keys[i]
            more_stats[slot] = stats[i]
    return more_keys, more_stats


@njit(nogil=True, cache=True)
def tabulate_runs(
    gt: NDArray[Any], pred: NDArray[Any], left_out: NDArray[Any], z0: int, y0: int, x0: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Walk the runs of equal pairs; keys are pairs, stats pixels, box and sums."""
    keys = np.zeros((256, 2), np.uint64)
    stats = np.zeros((256, 10), np.int64)
    used = 0
    masked = left_out.size > 0
    depth, height, width = gt.shape
    for k in range(depth):
        for j in range(height):
            z, y, x = z0 + k, y0 + j, 0
            while x < width:
                if masked and left_out[k, j, x]:
                    x += 1
                    continue
                start, g, p = x, gt[k, j, x], pred[k, j, x]
                x += 1
                while x < width and gt[k, j, x] == g and pred[k, j, x] == p:
                    if masked and left_out[k, j, x]:
                        break
                    x += 1
                n, first, last = x - start, x0 + start, x0 + x
                slot = _slot_of(keys, stats, np.uint64(g), np.uint64(p))
                row = stats[slot]
                if row[0] == 0:
                    keys[slot, 0], keys[slot, 1] = g, p
                    row[1], row[2], row[3], row[4], row[5], row[6] = z, z + 1, y, y + 1, first, last
                    used += 1
                row[0] += n
                row[1], row[2] = min(row[1], z), max(row[2], z + 1)
                row[3], row[4] = min(row[3], y), max(row[4], y + 1)
                row[5], row[6] = min(row[5], first), max(row[6], last)
                row[7] += n * z
                row[8] += n * y
                row[9] += n * (first + last - 1) // 2
                if 2 * used > len(keys):
                    keys, stats = _grown(keys, stats)
    return keys, stats
