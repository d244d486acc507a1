"""Exported labels are files that others read, with all that is known of where they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from builders import discs
from napari_verdict import ComparisonError, compare_labels
from napari_verdict.annotation.objects import accept
from napari_verdict.annotation.origins import Action, Origins, Step
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.report.labels import export, exporting
from napari_verdict.report.ome import read_input
from napari_verdict.report.provenance import Provenance

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ALL = (slice(0, 40), slice(0, 40))
RAW = np.random.default_rng(1).integers(0, 999, (40, 40)).astype(np.uint16)
IMAGE = Input("nuclei", RAW, "yx", (0.5, 0.25), units=("micrometer", "micrometer"))


def labelled():
    """Two drawn and two accepted objects, with their origins."""
    labels, origins = np.zeros((40, 40), np.uint16), Origins()
    for k in (1, 2, 3, 4):
        change = accept(labels, ALL, discs(), k, k)
        action = Action.ACCEPT if k > 2 else Action.PAINT
        step = Step(action, "ann" if k < 4 else "bo", NOON, 10.0, "unet" if k > 2 else "")
        origins = origins.after(change, change.before(labels), step)
        change.write(labels)
    return labels, origins


def tiles_of(image, n, size):
    grid = Grid((TiledImage(image.name, image.axes, image.shape),), size)
    return draw_tiles(grid, n, margin=(0, 0, 0), seed=7)


def plan(image=IMAGE):
    drawn = tiles_of(image, 3, 20)
    return drawn.finish(0).skip(1, "out of focus")


LABELS, ORIGINS = labelled()


def exported(folder, **options):
    written = export(folder, IMAGE, LABELS, ORIGINS, "ann", **options)
    return written, json.loads((folder / "provenance.json").read_text("utf-8"))


def test_labels_and_mask_read_back_as_they_are_with_the_sizes_of_the_image(tmp_path):
    exported(tmp_path / "new" / "folder", ignore=np.where(discs() == 2, 7, 0))
    for name, expected in [("ground_truth", LABELS), ("ignore_mask", discs() == 2)]:
        back = read_input(tmp_path / "new" / "folder" / f"{name}.ome.tif")
        np.testing.assert_array_equal(back.data, expected)
        assert (back.axes, back.scale, back.units) == (IMAGE.axes, IMAGE.scale, IMAGE.units)


def test_finished_tiles_are_pairs_of_image_and_mask_and_the_table_finds_them(tmp_path):
    tiles = plan()
    exported(tmp_path, plan=tiles)
    table = pd.read_csv(tmp_path / "tiles.csv")
    assert table["state"].tolist() == ["finished", "skipped", "open"]
    assert table["reason"].tolist()[1] == "out of focus"
    np.testing.assert_allclose(table["inclusion"], 3 / 4)
    done = table.iloc[0]
    box = np.s_[done.y0 : done.y1, done.x0 : done.x1]
    for column, whole in [("image_file", RAW), ("mask_file", LABELS)]:
        np.testing.assert_array_equal(read_input(tmp_path / done[column]).data, whole[box])
    assert done.n_objects == len(np.unique(LABELS[box])) - 1
    assert table["mask_file"].isna().tolist() == [False, True, True]
    assert sorted(p.name for p in (tmp_path / "masks").iterdir()) == ["tile-0001.ome.tif"]


def test_an_exported_tile_is_evaluation_data_as_it_is(tmp_path):
    exported(tmp_path, plan=plan())
    truth = read_input(tmp_path / "masks" / "tile-0001.ome.tif").data
    scores = compare_labels(truth, truth).scores.set_index("metric")["value"]
    assert (scores["f1"], scores["tp"]) == (1.0, 1)


def test_the_provenance_says_what_who_when_and_how(tmp_path):
    written, told = exported(tmp_path, plan=plan())
    Provenance.model_validate(told)
    made = {"schema_version", "created", "verdict_version", "python", "platform", "software"}
    made |= {"annotators", "first", "last", "seconds", "blind", "sampling", "tiles", "files"}
    assert set(told) == made | {"image", "labels"}
    assert told["image"]["sha256"] == checksum(RAW)
    assert told["labels"]["sha256"] == checksum(LABELS)
    assert {k: n for k, n in told["labels"]["origins"].items() if n} == {"drawn": 2, "accepted": 2}
    assert told["labels"]["accepted_unchanged"] == 0.5
    assert (told["annotators"], told["seconds"]) == (["ann", "bo"], 40.0)
    assert told["first"] == told["last"] == "2024-05-01T12:00:00Z"
    assert (told["sampling"]["seed"], told["sampling"]["population"]) == (7, 4)
    assert {"napari", "numpy", "tifffile"} <= set(told["software"])
    assert told["tiles"][1] | {"state": "skipped", "reason": "out of focus"} == told["tiles"][1]
    assert told["files"] == [p.relative_to(tmp_path).as_posix() for p in written[:-1]]
    assert written[-1].name == "provenance.json"
    assert all(p.is_file() for p in written)


def test_objects_are_listed_with_their_origins(tmp_path):
    exported(tmp_path)
    table = pd.read_csv(tmp_path / "objects.csv")
    assert table["origin"].tolist() == ["drawn", "drawn", "accepted", "accepted"]
    assert table["pixels"].tolist() == [81] * 4
    assert table["annotators"].tolist() == ["ann"] * 3 + ["bo"]


def test_without_tiles_there_is_no_table_of_tiles_and_without_objects_no_share(tmp_path):
    export(tmp_path, IMAGE, np.zeros((40, 40), np.uint16), Origins(), "ann")
    told = json.loads((tmp_path / "provenance.json").read_text("utf-8"))
    assert (told["sampling"], told["tiles"], told["first"]) == (None, [], None)
    assert told["labels"]["accepted_unchanged"] is None
    assert not (tmp_path / "tiles.csv").exists()


def test_a_tile_of_a_stack_over_time_is_cut_out_of_its_frame_and_plane(tmp_path):
    movie = np.arange(2 * 3 * 20 * 30).reshape(2, 3, 20, 30).astype(np.float32)
    image = Input("movie", movie, "tzyx")
    tiles = tiles_of(image, 2, 10).finish(1)
    export(tmp_path, image, np.ones(movie.shape, np.int64), Origins(), "ann", plan=tiles)
    tile = tiles.tiles[1]
    z, _, y0, y1, x0, x1 = tile.box
    back = read_input(tmp_path / "images" / "tile-0002.ome.tif").data
    np.testing.assert_array_equal(np.squeeze(back), movie[tile.frame[0], z, y0:y1, x0:x1])


def test_tiles_of_other_images_are_left_out(tmp_path):
    _, told = exported(tmp_path, plan=plan(replace(IMAGE, name="another")))
    assert told["tiles"] == []


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint64, np.int8, np.float16])
def test_images_and_labels_of_any_type_are_stored_with_their_values(tmp_path, dtype):
    image = replace(IMAGE, data=(RAW % 100).astype(dtype))
    labels = LABELS.astype(np.uint64 if np.dtype(dtype).kind != "i" else np.int64)
    export(tmp_path, image, labels, ORIGINS, "ann", plan=plan())
    back = read_input(tmp_path / "masks" / "tile-0001.ome.tif").data
    assert back.dtype.itemsize <= 4
    box = plan().tiles[0].box
    crop = read_input(tmp_path / "images" / "tile-0001.ome.tif").data
    np.testing.assert_array_equal(crop, image.data[box[2] : box[3], box[4] : box[5]])


def test_labels_that_the_format_cannot_hold_are_refused(tmp_path):
    with pytest.raises(ComparisonError, match="values up to 4294967296, and OME-TIFF holds none"):
        export(tmp_path, IMAGE, LABELS.astype(np.uint64) * 2**30, ORIGINS, "ann")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ComparisonError, match=r"cannot be exported to .*Choose another folder"):
        exported(tmp_path / "file" / "folder")


def test_exporting_can_be_cancelled_and_changes_nothing_it_was_given(tmp_path):
    before = LABELS.copy(), RAW.copy()
    token = CancelToken()
    steps = exporting(tmp_path, IMAGE, LABELS, ORIGINS, "ann", token, plan=plan())
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    assert not (tmp_path / "provenance.json").exists()
    export(tmp_path, IMAGE, LABELS, ORIGINS, "ann")
    np.testing.assert_array_equal(LABELS, before[0])
    np.testing.assert_array_equal(RAW, before[1])


def test_an_export_over_another_leaves_no_file_that_is_no_part_of_it(tmp_path):
    folder, tiles = tmp_path / "out", plan()
    (tmp_path / "above.tif").write_text("a")
    exported(folder, plan=tiles.finish(2), ignore=np.zeros((40, 40), np.uint8))
    (folder / "masks" / "mine.tif").write_text("mine")
    record = json.loads((folder / "provenance.json").read_text("utf-8"))
    record["files"].append("../above.tif")
    (folder / "provenance.json").write_text(json.dumps(record), "utf-8")
    exported(folder, plan=tiles)
    for part in ("images", "masks"):
        names = {p.name for p in (folder / part).iterdir()}
        assert names - {"mine.tif"} == {"tile-0001.ome.tif"}
    assert (folder / "masks" / "mine.tif").exists()
    assert not list((folder / "ignore").iterdir())
    assert (tmp_path / "above.tif").exists()


def test_after_an_export_that_ended_early_the_next_still_removes_what_is_no_part_of_it(tmp_path):
    tiles, mask = plan(), np.ones((40, 40), np.uint8)
    exported(tmp_path, plan=tiles, ignore=mask)
    token, more = CancelToken(), tiles.reopen(0).finish(2)
    for _ in exporting(tmp_path, IMAGE, LABELS, ORIGINS, "ann", token, plan=more):
        if (tmp_path / "images" / "tile-0003.ome.tif").exists():
            break
    assert not (tmp_path / "provenance.json").exists()
    _, told = exported(tmp_path, plan=tiles)
    there = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert there == {*told["files"], "provenance.json"}


def saved_as_zarr(path, labels, image):
    """Stands for napari's writers."""
    path.mkdir(exist_ok=True)
    (path / ".zattrs").write_text("{}")
    np.save(path / "0.npy", labels)


def test_labels_saved_as_zarr_too_are_part_of_the_export_and_gone_with_the_next(tmp_path):
    folder = tmp_path / "ground_truth.ome.zarr"
    steps = exporting(tmp_path, IMAGE, LABELS, ORIGINS, "ann", CancelToken(), zarr=saved_as_zarr)
    written = complete(steps)
    told = json.loads((tmp_path / "provenance.json").read_text("utf-8"))
    assert folder in written
    assert folder.name in told["files"]
    np.testing.assert_array_equal(np.load(folder / "0.npy"), LABELS)
    (tmp_path / "mine.zarr").mkdir()
    told["files"] += ["mine.zarr", "masks", "."]  # no OME-Zarr, though an export says so
    (tmp_path / "provenance.json").write_text(json.dumps(told), "utf-8")
    exported(tmp_path, plan=plan())
    assert not folder.exists()
    assert (tmp_path / "mine.zarr").exists()
    assert list((tmp_path / "masks").iterdir())


def test_tables_have_their_columns_also_without_rows(tmp_path):
    exported(tmp_path / "some", plan=plan())
    other = replace(IMAGE, name="another")
    export(tmp_path / "none", other, np.zeros_like(LABELS), Origins(), "ann", plan=plan())
    for name in ("objects.csv", "tiles.csv"):
        some, none = (pd.read_csv(tmp_path / folder / name) for folder in ("some", "none"))
        assert (list(some.columns), len(none)) == (list(none.columns), 0)
    columns = list(pd.read_csv(tmp_path / "some" / "objects.csv").columns)
    assert columns == ["image", *ORIGINS.as_rows()[0]]


def test_an_export_that_is_cancelled_leaves_no_provenance_of_the_one_before(tmp_path):
    exported(tmp_path, plan=plan())
    token = CancelToken()
    steps = exporting(tmp_path, IMAGE, LABELS, ORIGINS, "ann", token, plan=plan())
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)
    assert not (tmp_path / "provenance.json").exists()
