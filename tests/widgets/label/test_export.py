"""An export is of one moment, whatever goes on in the window meanwhile."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from labelled import objects
from napari_verdict.annotation.edits import Change
from napari_verdict.report.ome import read_input
from napari_verdict.viewer import strokes
from napari_verdict.widgets.label import moment

pytestmark = pytest.mark.gui


def test_what_is_painted_while_labels_are_copied_is_in_no_part_of_the_export(
    labeller, tmp_path, monkeypatch
):
    labeller.start()
    labeller.give(objects())
    labeller.dock.desk.need_ambiguous()
    labeller.pause()
    before, mask = labeller.truth.data.copy(), labeller.dock.desk.ambiguous
    go_on, copying, pixels = threading.Event(), threading.Event(), moment._Copy.pixels

    def slow(copy):
        copied = pixels(copy)  # a half before the stroke, and a half after it
        copying.set()
        assert go_on.wait(10)
        copied[len(copied) // 2 :] = pixels(copy)[len(copied) // 2 :]
        return copied

    monkeypatch.setattr(moment._Copy, "pixels", slow)
    labeller.dock.exporter.export(tmp_path / "out")
    labeller.wait(copying.is_set, "the copy")
    y, x = labeller.corner()
    for layer, label in ((labeller.truth, 500), (mask, 1)):
        change = Change(
            np.ravel_multi_index((np.arange(y, y + 16), np.full(16, x)), before.shape),
            np.full(16, label, layer.data.dtype),
        )
        strokes.apply(layer, change)
        labeller.pause()
    assert (labeller.truth.data == 500).any()
    go_on.set()
    labeller.wait(lambda: "Exported to" in labeller.says(), "the export")
    np.testing.assert_array_equal(
        read_input(tmp_path / "out" / "ground_truth.ome.tif").data, before
    )
    assert not read_input(tmp_path / "out" / "ignore_mask.ome.tif").data.any()
    listed = pd.read_csv(tmp_path / "out" / "objects.csv")
    assert set(listed["label"]) == set(np.unique(before)) - {0}
