"""Two zarr volumes of 8 GB each are compared with less than 1 GB resident."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

zarr = pytest.importorskip("zarr")
pytestmark = [
    pytest.mark.large,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM of Linux"),
]

#: 8 GiB of float32.
SHAPE, CHUNKS = (256, 2048, 4096), (16, 256, 256)
GIB = 1 << 30

CHILD = """
import json, sys, zarr
from pathlib import Path
from napari_verdict import {face} as compare
pair = [zarr.open_array(path, mode="r") for path in sys.argv[1:]]
result = compare(pair[0], pair[1], axes="zyx")
scores = {{m: result.score(m, "prediction").value for m in {metrics}}}
peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
print(json.dumps({{"scores": scores, "peak": 1024 * int(peak.split()[1])}}))
"""


def volume(path: Path, tile: np.ndarray) -> Path:
    """Write a zarr volume of 8 GB whose chunks are all one file, linked."""
    array = zarr.create_array(path, shape=SHAPE, chunks=CHUNKS, dtype=tile.dtype)
    array[: CHUNKS[0], : CHUNKS[1], : CHUNKS[2]] = tile
    assert array.nbytes == 8 * GIB
    first = path / "c" / "0" / "0" / "0"
    for z, y, x in np.ndindex(*(s // c for s, c in zip(SHAPE, CHUNKS, strict=True))):
        chunk = path / "c" / str(z) / str(y) / str(x)
        if chunk != first:
            chunk.parent.mkdir(parents=True, exist_ok=True)
            os.link(first, chunk)
    return path


def compared(face: str, metrics: list[str], prediction: Path, truth: Path) -> dict[str, object]:
    """Compare in a process of its own, and return its scores and peak memory."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(face=face, metrics=metrics), prediction, truth],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path):
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_restoration(folder: Path) -> None:
    rng = np.random.default_rng(0)
    # one plane sixteen times: noise is enough to keep every kernel at work
    clean = np.tile(rng.normal(100, 20, CHUNKS[1:]).astype(np.float32), (CHUNKS[0], 1, 1))
    noisy = 2 * clean + np.tile(rng.normal(0, 10, CHUNKS[1:]).astype(np.float32), (CHUNKS[0], 1, 1))
    truth, prediction = volume(folder / "gt", clean), volume(folder / "pred", noisy)
    found = compared("compare_images", ["pearson", "nrmse", "ssim"], prediction, truth)
    # tiles of one plane: fit and errors are those of the tile
    g, p = clean[0].astype(float), noisy[0].astype(float)
    assert found["scores"]["pearson"] == pytest.approx(np.corrcoef(g.ravel(), p.ravel())[0, 1])
    low, high = np.percentile(np.tile(g, (8, 16)), (0.1, 99.9))
    scaled = (g - low) / (high - low)
    fitted = np.polyval(np.polyfit(p.ravel(), scaled.ravel(), 1), p)
    nrmse = np.sqrt(((fitted - scaled) ** 2).mean())
    assert found["scores"]["nrmse"] == pytest.approx(nrmse, rel=1e-6)
    assert 0 < found["scores"]["ssim"] < 1
    assert found["peak"] < GIB


def test_labels(folder: Path) -> None:
    # one object a chunk and plane tile; all chunks are one, so ids repeat: 4 objects in all
    truth = np.zeros(CHUNKS, np.uint32)
    truth[2:14, 20:120, 20:120], truth[2:14, 20:120, 140:240] = 1, 2
    truth[2:14, 140:240, 20:120], truth[2:14, 140:240, 140:240] = 3, 4
    found = truth.copy()
    found[:, :70, :130], found[:, 130:, 130:] = 0, 9
    pair = volume(folder / "pred", found), volume(folder / "gt", truth)
    result = compared("compare_labels", ["tp", "fp", "fn", "f1"], *pair)
    # of 1 one half is found, 2 and 3 are found whole, of 9 there is more than of 4
    assert result["scores"] == {"tp": 3, "fp": 1, "fn": 1, "f1": 0.75}
    assert result["peak"] < GIB
