"""A record can be run again from its files, and says so when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_verdict import ComparisonError, compare_labels
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.model import Comparison, Input, Settings, Task
from napari_verdict.comparison.regions import OnGrid, rectangle, regions_of_labels
from napari_verdict.comparison.run import complete, run
from napari_verdict.report.folder import save
from napari_verdict.report.ome import read_input
from napari_verdict.report.replay import differences, read_record, replay


@pytest.fixture
def folder(tmp_path):
    """Two label images and the record of their comparison, saved beside them."""
    truth = np.zeros((2, 30, 40), np.uint16)
    truth[0, 2:10, 2:10], truth[1, 15:25, 5:20] = 1, 2
    np.save(tmp_path / "gt.npy", truth)
    np.save(tmp_path / "p.npy", np.roll(truth, 2, axis=2))
    comparison = Comparison(
        Task.INSTANCES,
        read_input(tmp_path / "gt.npy", axes="tyx"),
        (read_input(tmp_path / "p.npy", axes="tyx"),),
        settings=Settings(iou_threshold=0.6, iou_inclusive=False),
    )
    save(complete(run(comparison)), tmp_path)
    return tmp_path


def test_every_number_comes_out_again(folder):
    record = read_record(folder / "results.json")
    result = replay(folder / "results.json")
    assert differences(record, result) == []
    assert result.comparison.settings.iou_threshold == 0.6
    assert result.comparison.settings.iou_inclusive is False
    assert result.comparison.ground_truth.axes == "tyx"


def test_regions_ignored_pixels_and_ignored_objects_come_out_again(folder):
    truth = read_input(folder / "gt.npy", axes="tyx")
    wells = np.zeros((30, 40), np.uint8)
    wells[:12], wells[15:] = 1, 4
    ignore = np.zeros(truth.shape, bool)
    ignore[0, 5:7, :5] = True
    comparison = Comparison(
        Task.INSTANCES,
        truth,
        (read_input(folder / "p.npy", axes="tyx"),),
        settings=Settings(exclusions=Exclusions("ignore", 70, sparse=True)),
        ignore=ignore,
        regions=(*regions_of_labels("well", wells, "yx"), rectangle("view", 2.5, 0, 28, 33)),
    )
    save(complete(run(comparison)), folder)
    record = read_record(folder / "results.json")
    again = replay(folder / "results.json")
    assert differences(record, again) == []
    assert {s.region for s in record.scores} == {None, "well 1", "well 4", "view"}
    assert again.comparison.settings.exclusions == Exclusions("ignore", 70, sparse=True)


def test_a_number_that_differs_is_found(folder):
    path = folder / "results.json"
    record = read_record(path)
    scores = list(record.scores)
    scores[0] = scores[0].model_copy(update={"value": 99.0})
    changed = differences(record.model_copy(update={"scores": tuple(scores)}), replay(path))
    assert [(d.recorded.value, d.replayed.metric) for d in changed] == [(99.0, scores[0].metric)]


def test_numbers_missing_on_either_side_are_found(folder):
    record = read_record(folder / "results.json")
    result = replay(folder / "results.json")
    fewer = record.model_copy(update={"scores": record.scores[1:]})
    assert [d.recorded for d in differences(fewer, result)] == [None]


def test_a_folder_that_moved_is_still_replayed(folder, tmp_path_factory):
    new = tmp_path_factory.mktemp("new")
    for p in list(folder.iterdir()):
        p.rename(new / p.name)
    assert differences(read_record(new / "results.json"), replay(new / "results.json")) == []


def test_changed_pixels_are_refused(folder):
    data = np.load(folder / "p.npy")
    data[0, 0, 0] = 7
    np.save(folder / "p.npy", data)
    with pytest.raises(ComparisonError, match=r"pixels of 'p\.npy' are not those recorded"):
        replay(folder / "results.json")


def test_the_same_bytes_in_another_dtype_are_refused(folder):
    np.save(folder / "p.npy", np.load(folder / "p.npy").view(np.int16))
    with pytest.raises(ComparisonError, match="are not those recorded"):
        replay(folder / "results.json")


def test_a_missing_file_is_named(folder):
    (folder / "gt.npy").unlink()
    with pytest.raises(ComparisonError, match=r"file of 'gt' .* is neither at"):
        replay(folder / "results.json")


def test_arrays_in_memory_cannot_be_replayed(tmp_path):
    labels = np.eye(5, dtype=int)
    save(compare_labels(labels, labels), tmp_path)
    with pytest.raises(ComparisonError, match="was an array in memory"):
        replay(tmp_path / "results.json")


@pytest.mark.parametrize("text", ["", "{}", '{"schema_version": 2}', "[1]"])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ComparisonError, match="no record"):
        read_record(tmp_path / "results.json")


def test_a_squeezed_axis_is_put_back(tmp_path):
    tifffile.imwrite(tmp_path / "gt.tif", np.eye(6, dtype=np.uint8))
    given = read_input(tmp_path / "gt.tif")
    stacked = Comparison(
        Task.INSTANCES,
        type(given)("gt", given.data[np.newaxis], "zyx", path=given.path),
        (type(given)("p", given.data[np.newaxis], "zyx", path=given.path),),
    )
    save(complete(run(stacked)), tmp_path)
    assert replay(tmp_path / "results.json").comparison.ground_truth.shape == (1, 6, 6)


def test_points_with_regions_and_a_mask_of_other_pixels_come_out_again(tmp_path):
    rng = np.random.default_rng(4)
    np.save(tmp_path / "gt.npy", rng.random((60, 2)) * 20)
    np.save(tmp_path / "p.npy", rng.random((60, 2)) * 20)
    halves = np.zeros((7, 9), np.uint8)
    halves[:3], halves[3:] = 1, 2
    grid = (3.1, 2.7), (0.3, -0.6)
    truth, found = (
        Input(name, np.load(tmp_path / f"{name}.npy"), "yx", path=str(tmp_path / f"{name}.npy"))
        for name in ("gt", "p")
    )
    comparison = Comparison(
        Task.DETECTIONS,
        truth,
        (found,),
        settings=Settings(radius=1.5, exclusions=Exclusions(sparse=True)),
        ignore=OnGrid(rng.random((7, 9)) < 0.3, *grid),
        regions=(*regions_of_labels("half", OnGrid(halves, *grid), "yx"),
                 rectangle("view", 2.2, 0, 18.4, 13)),
    )  # fmt: skip
    before = complete(run(comparison))
    save(before, tmp_path)
    record = read_record(tmp_path / "results.json")
    result = replay(tmp_path / "results.json")
    assert differences(record, result) == []
    assert 0 < result.score("n_gt", "p").value < 60
    assert result.score("n_gt", "p", region="half 2").value > 0
