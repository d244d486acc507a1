"""Many objects in a volume that is streamed from zarr: right, and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import volumes

pytest.importorskip("zarr")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM of Linux")
def test_30000_objects_are_scored_in_a_fraction_of_the_volumes(tmp_path):
    expected = volumes.write(tmp_path, 31)
    raw = 2 * 4 * (31 * volumes.STEP) ** 3
    run = [sys.executable, volumes.__file__, str(tmp_path)]
    found = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert {metric: found[metric] for metric in expected} == expected
    assert found["peak"] - found["before"] < raw / 2
