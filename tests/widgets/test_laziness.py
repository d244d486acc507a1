"""Opening the dock compiles nothing and loads no plotting library."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.gui

SCRIPT = """
import sys, napari
viewer = napari.Viewer(show=False)
before = set(sys.modules)
from napari_verdict.widgets.validate import ValidateWidget
viewer.window.add_dock_widget(ValidateWidget(viewer))
from napari_verdict.widgets.plots.panel import PlotsPanel
plots = PlotsPanel(viewer)
viewer.window.add_dock_widget(plots)
plots.update_plot()
from napari_verdict.widgets.docks import open_inspect
open_inspect(viewer)
from napari_verdict.widgets.label.dock import LabelWidget
viewer.window.add_dock_widget(LabelWidget(viewer))
from napari_verdict.widgets.noisy import NoisyWidget
viewer.window.add_dock_widget(NoisyWidget(viewer))
new = {m.split(".")[0] for m in set(sys.modules) - before}
print(sorted(new & {"matplotlib", "numba", "llvmlite", "skimage", "tifffile"}))
print(any(m.startswith("napari_verdict.metrics") for m in sys.modules))
viewer.close()
"""


def test_opening_the_dock_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["[]", "False"], done.stdout
