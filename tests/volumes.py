"""Label volumes of very many objects, written to zarr plane by plane; and what scoring them takes.

Run as ``python tests/volumes.py FOLDER``: writes nothing, compares the volumes that `write` has
written there, and prints counts and the growth of peak memory as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

STEP = 8


def write(folder: Path, per_side: int, seed: int = 0) -> dict[str, int]:
    """Write ``truth`` and ``prediction``: a ball a cell of a grid of `per_side` cells a side.

    Of the predicted balls one in eight is shrunk to a core, one in sixteen missing.

    Returns
    -------
    dict of str to int
        What matching at IoU >= 0.5 must find.
    """
    import zarr

    rng = np.random.default_rng(seed)
    n, side = per_side**3, per_side * STEP
    shape, cells = (side, side, side), (per_side,) * 3
    truth, prediction = (
        zarr.create_array(folder / name, shape=shape, chunks=(1, side, side), dtype="uint32")
        for name in ("truth", "prediction")
    )
    truth_ids, ids = (rng.permutation(n).reshape(cells) + 1 for _ in range(2))
    fate = rng.integers(0, 16, cells)  # 0 is missing, 1 and 2 are shrunk
    axis = (np.arange(STEP) - (STEP - 1) / 2) ** 2
    distance = axis[:, None, None] + axis[:, None] + axis
    for k in range(per_side):
        true, found, core = (_spread(a[k]) for a in (truth_ids, ids, (fate == 0) + 3 * (fate == 1)))
        core[_spread(fate[k]) == 2] = 3
        for z in range(STEP):
            ball, heart = (np.tile(distance[z] < r, cells[1:]) for r in (12, 5))
            truth[k * STEP + z] = true * ball
            prediction[k * STEP + z] = found * np.where(core == 3, heart, ball & (core == 0))
    missing, shrunk = int((fate == 0).sum()), int(((fate == 1) | (fate == 2)).sum())
    return {"n_gt": n, "n_pred": n - missing, "tp": n - missing - shrunk, "n_missed": missing}


def _spread(cells: np.ndarray) -> np.ndarray:
    """Repeat each cell of a plane over its pixels."""
    return cells.repeat(STEP, 0).repeat(STEP, 1).astype(np.uint32)


def score(folder: Path) -> dict[str, float]:
    """Compare the volumes; return counts, seconds, and peak memory before and after, in bytes."""
    import zarr

    from cases import compare

    warm = np.eye(9, dtype=np.uint32)
    compare(warm, warm).at(0.3)  # kernels are loaded
    before = peak()
    started = time.perf_counter()
    volumes = (zarr.open_array(folder / name, mode="r") for name in ("prediction", "truth"))
    result = compare(*volumes, "zyx")
    found = {
        metric: result.score(metric, "prediction").value
        for metric in ("n_gt", "n_pred", "tp", "n_missed")
    }
    seconds = time.perf_counter() - started
    return found | {"seconds": seconds, "before": before, "peak": peak()}


def peak() -> int:
    """Return the peak of resident memory of this process, in bytes."""
    # getrusage would count what the parent process had
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in status if "VmHWM" in line).split()[1])


if __name__ == "__main__":
    print(json.dumps(score(Path(sys.argv[1]))))
