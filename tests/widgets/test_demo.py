"""The demo without a person: results, maps, overlays and a picture of the window."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.gui


def test_the_headless_demo_leaves_everything_behind(tmp_path):
    code = (
        "import sys; from pathlib import Path; from napari_verdict.widgets.demo import run_demo;"
        f"sys.exit(run_demo(Path({str(tmp_path)!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for folder, images in ((tmp_path, "map_ssim_*"), (tmp_path / "segmentation", "overlay_*")):
        assert json.loads((folder / "results.json").read_text())["scores"]
        assert list(folder.glob(f"{images}.ome.tif"))
        assert (folder / "window.png").read_bytes().startswith(b"\x89PNG")
