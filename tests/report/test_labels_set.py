"""Labels of several images are exported into one folder, and every image can be told."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from builders import discs
from napari_verdict.annotation.sampling import Grid, draw_tiles
from napari_verdict.annotation.tiles import TiledImage
from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.report.labels_set import Labelled, exporting_set
from napari_verdict.report.ome import read_input
from napari_verdict.report.ome_zarr import write_ome_zarr
from napari_verdict.report.provenance import SetProvenance

NAMES = ("control/a", "treated/b", "treated/c")
PIXELS = {n: np.full((40, 40), k, np.uint16) for k, n in enumerate(NAMES)}


def plan(names=NAMES, done=NAMES[:2]):
    """Two tiles are finished, of one image each; the third image has none."""
    images = tuple(TiledImage(n, "yx", (40, 40), n.split("/")[0]) for n in names)
    drawn = draw_tiles(Grid(images, 20), 12, margin=(0, 0, 0), seed=1)
    for name in done:
        drawn = drawn.finish(next(k for k, t in enumerate(drawn.tiles) if t.image == name))
    return drawn


def read(name, broken=()):
    if name in broken:
        raise ComparisonError([Finding("gone", Severity.ERROR, f"{name} is gone")])
    labels = np.zeros((40, 40), np.uint16) if name == NAMES[2] else discs()
    return Labelled(Input(name, PIXELS[name], "yx"), name.split("/")[0], labels)


def export(folder, reader=read, token=None, tiles=None, **options):
    tiles, token = tiles or plan(), token or CancelToken()
    names = [i.name for i in tiles.images]
    steps = exporting_set(folder, names, reader, "ann", tiles, token, **options)
    return complete(steps), json.loads((folder / "provenance.json").read_text())


def files_in(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_files_are_called_after_images_and_the_table_finds_them(tmp_path):
    written, _ = export(tmp_path)
    assert all(p.is_file() for p in written)
    tiles = pd.read_csv(tmp_path / "tiles.csv")
    assert len(tiles) == 12
    for row in tiles[tiles["state"] == "finished"].itertuples():
        box = np.s_[row.y0 : row.y1, row.x0 : row.x1]
        image, mask = (read_input(tmp_path / f).data for f in (row.image_file, row.mask_file))
        np.testing.assert_array_equal(image, PIXELS[row.image][box])
        np.testing.assert_array_equal(mask, discs()[box])
    whole = sorted(p.name for p in (tmp_path / "ground_truth").iterdir())
    assert whole == ["control-a.ome.tif", "treated-b.ome.tif"]


def test_the_provenance_has_the_checksum_of_every_image(tmp_path):
    _, told = export(tmp_path)
    SetProvenance.model_validate(told)
    made = {"schema_version", "created", "verdict_version", "python", "platform", "software"}
    made |= {"annotators", "first", "last", "seconds", "blind", "sampling", "tiles", "files"}
    assert set(told) == made | {"images"}
    found = {i["image"]["name"]: i for i in told["images"]}
    assert {n: i["image"]["sha256"] for n, i in found.items()} == {
        n: checksum(PIXELS[n]) for n in NAMES
    }
    assert found[NAMES[0]]["labels"]["sha256"] == checksum(discs())
    assert found[NAMES[2]]["labels"] is None
    assert found[NAMES[1]]["condition"] == "treated"
    assert told["sampling"]["by"][:2] == ["condition", "image"]


def test_an_image_that_cannot_be_read_stops_the_export_only_if_it_was_labelled(tmp_path):
    _, told = export(tmp_path, lambda n: read(n, NAMES[2:]))
    assert [i["image"]["name"] for i in told["images"]] == list(NAMES[:2])
    with pytest.raises(ComparisonError, match="treated/b is gone"):
        export(tmp_path, lambda n: read(n, NAMES[1:]))


def test_a_finished_tile_without_labels_is_no_empty_one(tmp_path):
    with pytest.raises(ComparisonError, match="labels of “treated/b” are not beside it"):
        export(
            tmp_path, lambda n: replace(read(n), labels=None if n == NAMES[1] else read(n).labels)
        )


def test_an_export_that_is_cancelled_has_no_provenance(tmp_path):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        export(tmp_path, token=token)
    assert not (tmp_path / "provenance.json").exists()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ComparisonError, match="cannot be exported"):
        export(tmp_path / "file")


def test_an_export_over_another_leaves_no_file_that_is_no_part_of_it(tmp_path):
    masked = np.ones((40, 40), np.uint8)
    export(tmp_path, lambda n: replace(read(n), ignore=masked))
    (tmp_path / "masks" / "mine.tif").write_text("mine")
    # what was finished of one image is open again, and its labels are taken away
    empty = np.zeros((40, 40), np.uint16)
    _, told = export(
        tmp_path,
        lambda n: read(n) if n == NAMES[0] else replace(read(n), labels=empty),
        tiles=plan(done=NAMES[:1]),
    )
    assert files_in(tmp_path) == {*told["files"], "provenance.json", "masks/mine.tif"}
    assert all("control-a" in name for name in told["files"] if "/" in name)


def test_images_of_names_that_files_do_not_tell_apart_have_files_of_their_own(tmp_path):
    names = ("a/1", "a-1", "A 1", "b")
    pixels = {n: np.full((40, 40), k, np.uint16) for k, n in enumerate(names, start=1)}
    _, told = export(
        tmp_path,
        lambda n: Labelled(Input(n, pixels[n], "yx"), "", pixels[n]),
        tiles=plan(names, names),
    )
    assert len(set(told["files"])) == len(told["files"])
    for picture in told["images"]:
        name = picture["image"]["name"]
        (whole,) = [f for f in picture["files"] if f.startswith("ground_truth/")]
        np.testing.assert_array_equal(read_input(tmp_path / whole).data, pixels[name])
        tiles = [t for t in told["tiles"] if t["image"] == name and t["state"] == "finished"]
        assert {t["mask_file"] for t in tiles} < set(picture["files"])
    assert [f.split("/")[1] for f in told["files"] if f.startswith("ground_truth/")] == [
        "a-1.ome.tif",
        "a-1-2.ome.tif",
        "A-1-3.ome.tif",
        "b.ome.tif",
    ]


def test_labels_of_each_image_are_saved_as_zarr_too_where_that_is_asked_for(tmp_path):
    pytest.importorskip("zarr", reason="zarr is not installed")
    in_memory = []

    def save(path, labels, image):
        in_memory.append(image.name)
        write_ome_zarr(path, labels, image)

    def read_one(name):
        assert len(in_memory) == NAMES.index(name)  # the image before is done with
        return read(name)

    _, told = export(tmp_path, read_one, zarr=save)
    folders = [f for f in told["files"] if f.endswith(".zarr")]
    assert folders == ["ground_truth/control-a.ome.zarr", "ground_truth/treated-b.ome.zarr"]
    for picture in told["images"][:2]:
        (folder,) = [f for f in picture["files"] if f.endswith(".zarr")]
        import zarr

        np.testing.assert_array_equal(zarr.open_group(tmp_path / folder)["0"][...], discs())
    export(tmp_path)
    assert not list(tmp_path.rglob("*.zarr"))
