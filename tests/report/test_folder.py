"""A saved folder holds the whole result, and saving harms nothing else."""

from __future__ import annotations

import csv
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
import tifffile

from dim import ask, blob, capture, grey, scene
from napari_verdict import ComparisonError, compare_images, compare_labels
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.judgements import Judgement, Judgements
from napari_verdict.comparison.record import Record
from napari_verdict.comparison.restoration.places import worst_places
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.report.folder import save, saving


@pytest.fixture
def labels(rng):
    truth = np.zeros((30, 40), np.int64)
    truth[2:10, 2:10], truth[15:25, 5:20], truth[5:12, 25:35] = 1, 2, 3
    return compare_labels({"shifted": np.roll(truth, 2, axis=1), "none": truth * 0}, truth)


@pytest.fixture
def images(rng):
    truth = rng.normal(100, 20, (40, 50))
    raw = truth + rng.normal(0, 10, truth.shape)
    return compare_images({"a/b": truth + 1, "A b": truth * 2}, truth, raw)


def test_tables_read_back_as_they_were(labels, tmp_path):
    save(labels, tmp_path)
    for name, table in (("scores", labels.scores), ("objects", labels.objects)):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(table)
        for column in ({"value", "candidate", "iou", "size"}) & set(table):
            want = ["" if pd.isna(v) else str(v) for v in table[column]]
            assert [row[column] for row in rows] == want


def test_overlays_read_back_as_they_were(labels, tmp_path):
    save(labels, tmp_path)
    record = Record.model_validate_json((tmp_path / "results.json").read_bytes())
    files = [f for f in record.files if f.kind == "overlay"]
    assert {f.of for f in files} == {"ground-truth objects", "predicted objects", "pixels"}
    for f in files:
        image = tifffile.imread(tmp_path / f.name)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, labels.overlays(f.candidate)[f.of])


def test_maps_read_back_as_they_were_under_names_that_do_not_collide(images, tmp_path):
    save(images, tmp_path)
    record = Record.model_validate_json((tmp_path / "results.json").read_bytes())
    files = [f for f in record.files if f.kind == "map"]
    assert len({f.name.casefold() for f in files}) == len(files)
    assert {f.candidate for f in files} == {"raw", "a/b", "A b"}
    for f in files:
        image = tifffile.imread(tmp_path / f.name)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, images.maps[f.candidate][f.of])


def test_what_is_returned_is_what_was_written_and_the_record_is_last(labels, tmp_path):
    written = save(labels, tmp_path / "deep" / "er")
    assert sorted(written) == sorted((tmp_path / "deep" / "er").iterdir())
    assert written[-1].name == "results.json"
    named = {f["name"] for f in json.loads(written[-1].read_text(encoding="utf-8"))["files"]}
    assert named == {p.name for p in written[:-1]}


def test_maps_and_overlays_can_be_left_out(labels, tmp_path):
    names = {p.name for p in save(labels, tmp_path, maps=False, overlays=False)}
    assert names == {"results.json", "scores.csv", "objects.csv"}


def test_saving_again_replaces_its_files_and_touches_no_other(labels, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    first = save(labels, tmp_path)
    assert save(labels, tmp_path) == first
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == len(first) + 1


def test_saving_does_not_change_the_result(labels, tmp_path):
    before = labels.scores.copy()
    save(labels, tmp_path)
    pd.testing.assert_frame_equal(labels.scores, before)


def test_a_failure_leaves_no_record_beside_tables_that_it_does_not_tell_of(
    labels, tmp_path, monkeypatch
):
    save(labels, tmp_path)
    monkeypatch.setattr("napari_verdict.report.folder.to_json", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(labels, tmp_path)
    assert not (tmp_path / "results.json").exists()
    assert not list(tmp_path.glob("*.part"))


def test_cancelling_a_second_save_leaves_no_record_of_the_first(labels, tmp_path):
    save(labels, tmp_path)
    token = CancelToken()
    steps = saving(labels, tmp_path, token)
    next(steps), next(steps)  # one table is replaced
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)
    assert not (tmp_path / "results.json").exists()
    save(labels, tmp_path)
    assert (tmp_path / "results.json").exists()


def test_a_save_that_can_write_nothing_leaves_the_one_before_as_it_was(
    labels, tmp_path, monkeypatch
):
    save(labels, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_verdict.report.folder._csv", lambda _: full)
    with pytest.raises(ComparisonError, match="No space left"):
        save(labels, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(labels, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ComparisonError, match=r"cannot be saved in .* Choose another folder"):
        save(labels, tmp_path / "file")


def test_maps_that_are_computed_when_looked_at_are_saved_plane_by_plane(rng, tmp_path):
    da = pytest.importorskip("dask.array")
    truth = rng.normal(100, 20, (4, 30, 28))
    cnn = truth + rng.normal(0, 5, truth.shape)
    stored = compare_images({"cnn": cnn}, truth, axes="zyx")
    lazy = compare_images({"cnn": da.from_array(cnn)}, da.from_array(truth), axes="zyx")
    save(lazy, tmp_path)
    for name, expected in stored.maps["cnn"].items():
        written = tifffile.imread(tmp_path / f"map_{name}_cnn.ome.tif")
        np.testing.assert_allclose(written, expected, atol=1e-6)


def test_mean_and_spread_of_several_predictions_are_maps_of_their_own(rng, tmp_path):
    truth = scene((96, 96))
    shown = [grey(truth + 9 * blob(truth.shape, y, 60)) for y in (30, 60)]
    result = ask(capture(rng, truth), *shown)
    save(result, tmp_path)
    record = Record.model_validate_json((tmp_path / "results.json").read_bytes())
    names = {f.of: f.name for f in record.files if f.kind == "map" and f.candidate is None}
    assert names == {k: f"map_{k}_all-predictions.ome.tif" for k in ("mean", "spread")}
    for of, expected in (("mean", np.mean), ("spread", partial(np.std, ddof=1))):
        image = tifffile.imread(tmp_path / names[of])
        np.testing.assert_allclose(image, expected(shown, axis=0), rtol=1e-4, atol=1e-2)
    alone = save(ask(capture(rng, truth), shown[0]), tmp_path / "one")
    assert not [p for p in alone if "all-predictions" in p.name]


def test_saving_is_cancelled_and_then_there_is_no_record(images, tmp_path):
    token = CancelToken()
    steps = saving(images, tmp_path, token)
    assert next(steps) == Progress(0, 14, "saving")
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)
    assert not (tmp_path / "results.json").exists()
    assert not list(tmp_path.glob("*.part"))


def test_judgements_and_notes_stand_in_the_table_of_objects(tmp_path):
    truth = np.zeros((3, 20, 20), np.uint16)
    truth[:, 2:8, 2:8], truth[:, 10:18, 10:18] = 2**16 - 1, 1
    result = compare_labels({"cnn": truth}, truth, axes="tyx")
    first, second = (EntryKey("cnn", "ground truth", (t,), i) for t, i in ((0, 2**16 - 1), (2, 1)))
    note = 'two cells, "=touching"\nsee µ-slide'
    said = Judgements().judge([first], Judgement.GROUND_TRUTH_WRONG).annotate([first, second], note)
    save(result, tmp_path, judgements=said)
    with (tmp_path / "objects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    spoken = [r for r in rows if r["note"] or r["judgement"]]
    assert [(r["role"], r["id"], r["frame"], r["judgement"], r["note"]) for r in spoken] == [
        ("ground truth", "65535", "{'t': 0}", "ground truth wrong", note),
        ("ground truth", "1", "{'t': 2}", "", note),
    ]


def test_without_judgements_the_table_of_objects_is_that_of_the_result(labels, tmp_path):
    save(labels, tmp_path)
    assert list(pd.read_csv(tmp_path / "objects.csv")) == list(labels.objects)


def test_judgements_stand_in_the_record_and_those_of_places_in_a_table(images, tmp_path):
    place = EntryKey("A b", "place", (), 1)
    said = Judgements().judge([place], Judgement.AMBIGUOUS).annotate([place], "at the edge")
    save(images, tmp_path, maps=False, judgements=said)
    record = Record.model_validate_json((tmp_path / "results.json").read_bytes())
    (one,) = record.judgements
    assert (one.candidate, one.role, one.id) == ("A b", "place", 1)
    assert (one.judgement, one.note) == (Judgement.AMBIGUOUS, "at the edge")
    table = pd.read_csv(tmp_path / "judgements.csv")
    assert table[["judgement", "note"]].values.tolist() == [["ambiguous", "at the edge"]]
    assert {f.kind for f in record.files} == {"scores", "judgements"}


def test_a_place_that_was_judged_is_found_in_what_is_saved(images, tmp_path):
    places = worst_places(images, "raw", by="error", scale=8)
    key = places.key(1)
    said = Judgements().judge([key], Judgement.REAL_ERROR)
    how = {"places": [places], "ranking": "error 8 px"}
    save(images, tmp_path, maps=False, judgements=said, **how)
    (row,) = pd.read_csv(tmp_path / "judgements.csv").to_dict("records")
    sides = [row[side] for side in ("z0", "z1", "y0", "y1", "x0", "x1")]
    assert sides == places.box[1].tolist()
    assert (row["id"], row["ranking"]) == (key.id, "error 8 px")
    assert row["value"] == pytest.approx(places.value[1])
    (one,) = Record.model_validate_json((tmp_path / "results.json").read_bytes()).judgements
    assert (list(one.box), one.ranking) == (sides, "error 8 px")


def test_where_nobody_was_asked_the_record_says_nothing_of_judgements(images, tmp_path):
    save(images, tmp_path, maps=False)
    assert json.loads((tmp_path / "results.json").read_text())["judgements"] is None
    assert not (tmp_path / "judgements.csv").exists()


def test_a_mended_ground_truth_is_saved_with_its_scores(tmp_path):
    truth = np.zeros((20, 20), np.uint16)
    truth[2:8, 2:8] = 7
    mended = truth.copy()
    mended[12:18, 12:18] = 8
    result, better = (compare_labels({"cnn": mended}, gt) for gt in (truth, mended))
    save(result, tmp_path, mended=better)
    assert (tifffile.imread(tmp_path / "mended_ground-truth.ome.tif") == mended).all()
    f1 = [
        pd.read_csv(tmp_path / name).query("metric == 'f1'")["value"].iloc[0]
        for name in ("scores.csv", "scores_mended.csv")
    ]
    assert f1 == [pytest.approx(2 / 3), 1.0]
    record = Record.model_validate_json((tmp_path / "results.json").read_bytes())
    assert {f.name for f in record.files if f.of == "mended ground truth"} == {"scores_mended.csv"}
    assert [f.name for f in record.files if f.kind == "mended ground truth"]
