"""One layer outlines what is looked at: its true shape, in place, in 2D and 3D."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from builders import compare
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.model import Task
from napari_verdict.comparison.run import complete, run
from napari_verdict.viewer.highlight import COLOURS, Highlight, outlines_of
from napari_verdict.viewer.layers import comparable
from napari_verdict.viewer.result_layers import result_layers


@pytest.fixture
def labels():
    """A time series: one object matched, one split in two, one missed."""
    gt = np.zeros((2, 40, 40), np.uint16)
    gt[0, 4:14, 4:14] = 1
    gt[1, 20:30, 10:30] = 2
    gt[1, 2:6, 2:6] = 3
    pred = np.zeros_like(gt)
    pred[0, 4:14, 4:13] = 7
    pred[1, 20:30, 10:19], pred[1, 20:30, 21:30] = 8, 9
    return gt, pred


@pytest.fixture
def result(labels):
    return complete(run(compare(*labels, task=Task.INSTANCES, axes="tyx")))


@pytest.fixture
def viewer(labels):
    viewer = ViewerModel()
    viewer.add_labels(labels[0], name="gt", scale=(1, 0.5, 0.5), units=("s", "µm", "µm"))
    return viewer


def row_of(entries, role, label):
    return next(i for i in range(len(entries)) if (entries.role[i], entries.id[i]) == (role, label))


def show(viewer, result, row):
    entries = entries_of(result, "a")
    key = entries.key(row)
    outlines = outlines_of(result, entries, row)
    Highlight(viewer).show(result, viewer.layers["gt"], outlines, key.frame, f"looking at {key.id}")
    return outlines


def box(outline):
    ends = np.concatenate([outline.lines[:, 0], outline.lines.sum(axis=1)])
    return [*ends.min(axis=0)[1:], *ends.max(axis=0)[1:]]


def test_an_object_and_its_partner_are_outlined(result):
    entries = entries_of(result, "a")
    mine, partner = outlines_of(result, entries, row_of(entries, 0, 1))
    assert (mine.role, partner.role) == ("ground truth", "prediction")
    assert box(mine) == [3.5, 3.5, 13.5, 13.5]
    assert np.abs(partner.lines[:, 1]).sum() < np.abs(mine.lines[:, 1]).sum()  # dashed


def test_all_pieces_of_a_split_object_are_outlined(result):
    entries = entries_of(result, "a")
    outlines = outlines_of(result, entries, row_of(entries, 0, 2))
    assert [o.role for o in outlines] == ["ground truth", "prediction", "prediction"]


def test_a_missed_object_stands_alone(result):
    entries = entries_of(result, "a")
    assert len(outlines_of(result, entries, row_of(entries, 0, 3))) == 1


def test_the_layer_lies_where_the_object_is(viewer, result):
    entries = entries_of(result, "a")
    show(viewer, result, row_of(entries, 0, 3))
    layer = viewer.layers[-1]
    assert layer.name == "looking at 3"
    assert set(layer.data[:, 0, 0]) == {1}
    assert layer.units == viewer.layers["gt"].units
    np.testing.assert_array_equal(layer.scale, viewer.layers["gt"].scale)
    np.testing.assert_allclose(layer.extent.world[:, 1:], [[0.75, 0.75], [2.75, 2.75]])


def test_it_is_one_layer_and_is_updated_in_place(viewer, result):
    gt = viewer.layers["gt"]
    viewer.layers.selection = {gt}
    for row in range(len(entries_of(result, "a"))):
        show(viewer, result, row)
    assert len(viewer.layers) == 2
    assert viewer.layers.selection == {gt}
    assert len(viewer.layers[-1].edge_color) == len(viewer.layers[-1].data)


def test_whose_object_it_is_shows_in_colour_and_dashes(viewer, result):
    entries = entries_of(result, "a")
    outlines = show(viewer, result, row_of(entries, 0, 1))
    colours = {tuple(np.round(c, 3)) for c in viewer.layers[-1].edge_color}
    assert len(colours) == 2
    assert COLOURS["ground truth"] != COLOURS["prediction"]
    assert [o.role for o in outlines] == ["ground truth", "prediction"]


def test_it_is_neither_an_input_nor_a_result(viewer, result):
    show(viewer, result, 0)
    assert [x.name for x in comparable(viewer.layers)] == ["gt"]
    assert result_layers(viewer) == []


def test_a_deleted_layer_comes_back(viewer, result):
    show(viewer, result, 0)
    viewer.layers.remove(viewer.layers[-1])
    show(viewer, result, 1)
    assert len(viewer.layers) == 2


def test_lines_stay_as_thick_on_the_screen(viewer, result):
    show(viewer, result, 0)
    layer = viewer.layers[-1]
    before = layer.edge_width
    viewer.scene.camera.zoom *= 4
    Highlight(viewer).set_width(viewer.layers["gt"])
    assert layer.edge_width == pytest.approx(before / 4)


def test_depth_is_traced_plane_by_plane():
    gt = np.zeros((6, 20, 20), np.uint8)
    gt[1:4, 5:9, 5:9] = 4
    result = complete(run(compare(gt, np.zeros_like(gt), task=Task.INSTANCES, axes="zyx")))
    (mine,) = outlines_of(result, entries_of(result, "a"), 0)
    assert sorted(set(mine.lines[:, 0, 0])) == [1, 2, 3]


def test_large_objects_are_traced_coarsely(monkeypatch, result):
    monkeypatch.setattr("napari_verdict.viewer.highlight.LARGEST", 50)
    entries = entries_of(result, "a")
    mine = outlines_of(result, entries, row_of(entries, 0, 2))[0]
    assert len(mine.lines) == 4
    assert box(mine) == [19.5, 9.5, 29.5, 29.5]  # every second pixel of 10 by 20
    odd = np.zeros((1, 33, 33), np.uint16)
    odd[0, 3:30, 3:30] = 1
    found = complete(run(compare(odd, np.zeros_like(odd), task=Task.INSTANCES, axes="zyx")))
    (mine,) = outlines_of(found, entries_of(found, "a"), 0)
    assert box(mine) == [2.5, 2.5, 30.5, 30.5]  # to within a step of four


def test_a_large_object_is_outlined_in_every_plane(monkeypatch):
    monkeypatch.setattr("napari_verdict.viewer.highlight.LARGEST", 300)
    gt = np.zeros((7, 30, 30), np.uint16)
    gt[1:6, 5:25, 5:25] = 1
    found = complete(run(compare(gt, np.zeros_like(gt), task=Task.INSTANCES, axes="zyx")))
    (mine,) = outlines_of(found, entries_of(found, "a"), 0)
    assert sorted(set(mine.lines[:, 0, 0])) == [1, 2, 3, 4, 5]


def test_ragged_objects_get_a_box(monkeypatch, result):
    monkeypatch.setattr("napari_verdict.viewer.highlight.MOST_LINES", 3)
    entries = entries_of(result, "a")
    mine = outlines_of(result, entries, row_of(entries, 0, 2))[0]
    assert len(mine.lines) == 4
    assert box(mine) == [19.5, 9.5, 29.5, 29.5]


def test_a_jump_to_a_large_ragged_object_draws_few_lines():
    rng = np.random.default_rng(0)
    gt = (rng.random((1400, 1400)) < 0.5).astype(np.uint16)
    pred = np.zeros_like(gt)
    pred[:700], pred[700:] = gt[:700], 2 * gt[700:]
    found = complete(run(compare(gt, pred, task=Task.INSTANCES)))
    outlines = outlines_of(found, entries_of(found, "a"), 0)
    assert len(outlines) > 1
    assert sum(len(o.lines) for o in outlines) < 60_000
