"""Labels are begun in a folder, kept there, and taken up again as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import discs
from napari_verdict import ComparisonError
from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.objects import accept, delete, mark_ambiguous
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.comparison.model import Input, RgbInput
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.report.labelling import begin, belongs, default_folder, found, labellings_of
from napari_verdict.report.resuming import resume

URL = "https://example.com/d/a.tif"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
IMAGE = Input("nuclei", np.arange(1600).reshape(40, 40).astype(np.uint16), "yx", (0.5, 0.5))
ALL = (slice(0, 40), slice(0, 40))


class Desk:
    """A window's part: labels, their origins, and the journal that is told of every step."""

    def __init__(self, labelling):
        self.labels, self.ignore = labelling.labels, np.zeros((40, 40), np.uint8)
        self.origins, self.journal = labelling.origins, labelling.journal()

    def do(self, change, action, section="tile-1", target="labels", **note):
        step = Step(action, "ann", NOON, 2.0, "unet" if action is Action.ACCEPT else "")
        if target == "labels":
            self.origins = self.origins.after(change, change.before(self.labels), step)
            change.write(self.labels)
        else:
            change.write(self.ignore)
        self.journal.record(section, change, step, target=target, note=note)

    def paint(self, y, x, label, section="tile-1"):
        at = np.arange(1600).reshape(40, 40)[y : y + 3, x : x + 3].ravel()
        change = Change(at.astype(np.int64), np.full(len(at), label, np.uint16))
        self.do(change, Action.PAINT, section)

    def end(self):
        assert self.journal.close(10)


def labelled(folder):
    """Some labels with everything in them: accepted, deleted, marked, notes, overlapping tiles."""
    desk = Desk(begin(folder, IMAGE, "ann"))
    desk.do(accept(desk.labels, ALL, discs(), 1, 1), Action.ACCEPT)
    desk.paint(2, 2, 7)
    desk.paint(3, 3, 8, "tile-2")  # over what the other tile has
    desk.paint(2, 2, 9)
    desk.do(delete(desk.labels, ALL, 8), Action.DELETE, "tile-2")
    desk.do(mark_ambiguous(desk.ignore, desk.labels, ALL, 1), Action.MARK, target="ignore mask")
    nothing = Change(np.zeros(0, np.int64), np.zeros(0, np.uint16))
    desk.do(nothing, Action.PAINT, "plan", tile=1, state="finished")
    return desk


def same(labelling, desk):
    np.testing.assert_array_equal(labelling.labels, desk.labels)
    assert dict(labelling.origins.objects) == dict(desk.origins.objects)
    assert dict(labelling.origins.former) == dict(desk.origins.former)


def test_labels_origins_mask_and_notes_come_back_as_they_were(tmp_path):
    desk = labelled(tmp_path / "new" / "folder")
    desk.end()
    back = resume(str(tmp_path / "new" / "folder"))
    same(back, desk)
    np.testing.assert_array_equal(back.ignore, desk.ignore)
    assert back.notes == ({"tile": 1, "state": "finished"},)
    assert (back.strokes, back.last, back.trouble) == (7, NOON, "")
    assert back.labels.dtype == np.uint16


def test_labelling_goes_on_where_it_was_left_and_origins_with_it(tmp_path):
    labelled(tmp_path).end()
    desk = Desk(resume(tmp_path))
    desk.paint(9, 9, 0)
    desk.paint(20, 20, 3, "tile-2")
    desk.end()
    back = resume(tmp_path)
    same(back, desk)
    assert {label: str(o.origin) for label, o in back.origins}[1] == "edited"
    assert back.strokes == 9


def test_nothing_painted_yet_is_an_empty_image(tmp_path):
    begin(tmp_path, IMAGE, "ann", dtype=np.int32)
    back = resume(tmp_path)
    assert (back.labels.any(), back.labels.shape, back.labels.dtype) == (False, (40, 40), np.int32)
    assert (back.ignore, back.strokes, back.last, dict(back.origins)) == (None, 0, None, {})


def test_what_is_labelled_is_known_without_reading_it(tmp_path):
    assert found(tmp_path) is None
    assert found(tmp_path / "not there") is None
    begin(tmp_path, IMAGE, "ann")
    record = found(tmp_path)
    assert (record.annotator, record.image.name, record.image.axes) == ("ann", "nuclei", "yx")
    assert belongs(record, replace(IMAGE, name="another name"))
    assert not belongs(record, replace(IMAGE, data=IMAGE.data + 1))
    assert not belongs(record, replace(IMAGE, data=IMAGE.data.astype(np.int32)))


def damage(folder, section, keep=60):
    """Tear the last record of a section out of its file."""
    (path,) = folder.glob(f"{section}.*.strokes")
    path.write_bytes(path.read_bytes()[:-keep])


def test_strokes_that_cannot_be_read_are_mended_from_a_snapshot_and_it_says_so(tmp_path):
    desk = labelled(tmp_path)
    desk.journal.snapshot("tile-2", ALL, desk.labels)
    desk.paint(30, 30, 12)
    desk.end()
    damage(tmp_path, "tile-2")
    back = resume(tmp_path)
    np.testing.assert_array_equal(back.labels, desk.labels)
    assert back.trouble.startswith("1 of 8 strokes cannot be read; what they painted was taken")
    pixels = {label: o.pixels for label, o in back.origins}
    assert pixels == {k: n for k, n in enumerate(np.bincount(desk.labels.ravel())) if n and k}


def test_what_a_snapshot_mends_is_as_old_as_the_stroke_before_or_else_as_the_labels(tmp_path):
    desk = Desk(begin(tmp_path, IMAGE, "ann"))
    for number, (label, section) in enumerate([(7, "tile-1"), (8, "tile-2")]):
        desk.paint(9 * number, 2, label, section)
        desk.journal.snapshot(section, ALL, desk.labels)
    desk.end()
    damage(tmp_path, "tile-2")
    kept = resume(tmp_path).origins.objects
    assert [(kept[k].annotators, kept[k].last) for k in (7, 8)] == [(("ann",), NOON)] * 2
    damage(tmp_path, "tile-1")
    back = resume(tmp_path)
    assert {o.last for o in back.origins.objects.values()} == {back.record.created}
    np.testing.assert_array_equal(back.labels, desk.labels)


def test_without_a_snapshot_they_are_missing_and_the_rest_is_there(tmp_path):
    desk = labelled(tmp_path)
    desk.end()
    damage(tmp_path, "tile-2")
    back = resume(tmp_path)
    assert back.trouble.startswith("1 of 7 strokes cannot be read. Look over the labels.")
    assert 8 in back.labels  # its deletion is what was lost
    np.testing.assert_array_equal(back.labels == 9, desk.labels == 9)


def test_a_damaged_snapshot_gives_way_to_the_one_before(tmp_path):
    desk = labelled(tmp_path)
    for _ in range(2):
        desk.journal.snapshot("tile-2", ALL, desk.labels)
        desk.journal.flush(10)
    desk.end()
    (tmp_path / "tile-2.snapshot").write_bytes(b"torn")
    damage(tmp_path, "tile-2")
    np.testing.assert_array_equal(resume(tmp_path).labels, desk.labels)
    (tmp_path / "tile-2.snapshot").unlink()
    np.testing.assert_array_equal(resume(tmp_path).labels, desk.labels)


def test_snapshots_of_the_mask_mend_the_mask(tmp_path):
    desk = labelled(tmp_path)
    desk.journal.snapshot("tile-1", ALL, desk.ignore, "ignore mask")
    desk.end()
    damage(tmp_path, "tile-1")  # its last stroke marks an object
    np.testing.assert_array_equal(resume(tmp_path).ignore, desk.ignore)


def test_labels_of_a_layer_that_was_converted_to_a_larger_type_come_back(tmp_path):
    desk = Desk(begin(tmp_path, IMAGE, "ann", dtype=np.uint8))
    desk.do(Change(np.array([1]), np.array([255], np.uint8)), Action.PAINT)
    desk.labels = desk.labels.astype(np.int32)
    desk.do(Change(np.array([2]), np.array([70_000], np.int32)), Action.PAINT)
    desk.end()
    same(resume(tmp_path), desk)
    assert resume(tmp_path).labels.dtype == np.int32


def test_labels_of_a_larger_type_come_back_also_where_a_snapshot_alone_has_them(tmp_path):
    desk = Desk(begin(tmp_path, IMAGE, "ann", dtype=np.uint8))
    desk.labels = desk.labels.astype(np.int32)
    desk.do(Change(np.array([2]), np.array([70_000], np.int32)), Action.PAINT)
    desk.journal.snapshot("tile-1", ALL, desk.labels)
    desk.end()
    damage(tmp_path, "tile-1")
    np.testing.assert_array_equal(resume(tmp_path).labels, desk.labels)


def test_strokes_of_another_image_are_left_out(tmp_path):
    desk = labelled(tmp_path)
    stray = Change(np.array([999_999], np.int64), np.array([1], np.uint16))
    desk.journal.record("tile-1", stray, Step(Action.PAINT, "ann", NOON))
    desk.end()
    back = resume(tmp_path)
    np.testing.assert_array_equal(back.labels, desk.labels)
    assert "1 of 8 strokes" in back.trouble


def test_labels_are_not_begun_over_others_and_what_is_not_there_is_not_taken_up(tmp_path):
    begin(tmp_path, IMAGE, "ann")
    with pytest.raises(ComparisonError, match=r"kept in .* already. Take them up again"):
        begin(tmp_path, IMAGE, "bo")
    with pytest.raises(ComparisonError, match="No labels were begun"):
        resume(tmp_path / "elsewhere")


def test_a_folder_that_cannot_be_made_and_a_record_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ComparisonError, match=r"cannot be kept in .*Choose another folder"):
        begin(tmp_path / "file" / "folder", IMAGE, "ann")
    (tmp_path / "labelling.json").write_text("{}")
    with pytest.raises(ComparisonError, match=r"cannot be read .*It stays as it is"):
        resume(tmp_path)


def test_reading_can_be_cancelled(tmp_path):
    labelled(tmp_path).end()
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        resume(tmp_path, token)
    with pytest.raises(Cancelled):
        begin(tmp_path / "other", IMAGE, "ann", token=token)


def test_rgb_is_told_by_all_of_its_channels_and_labels_have_none(tmp_path):
    rgb = np.zeros((40, 40, 3), np.uint8)
    image = RgbInput("rgb", rgb[..., 0], "yx", rgb=rgb)
    kept = begin(tmp_path, image, "ann")
    assert kept.labels.shape == (40, 40)
    assert (kept.record.image.channels, kept.record.image.shape) == (3, (40, 40))
    assert belongs(kept.record, image)
    other = rgb.copy()
    other[3, 3, 2] = 1  # blue alone differs
    assert not belongs(kept.record, RgbInput("rgb", other[..., 0], "yx", rgb=other))


def test_the_folder_is_beside_the_image_and_the_same_each_time(tmp_path):
    image = replace(IMAGE, path=str(tmp_path / "a b.ome.tif"))
    assert default_folder(image, "Ann Öz/1") == tmp_path / "a b.labels" / "Ann-Öz-1"
    in_memory = default_folder(replace(IMAGE, name="a: b?"), "")
    assert in_memory == Path.home() / "napari-verdict" / "a-b.labels" / "anyone"


def test_what_is_kept_of_an_image_is_found_without_being_told_who_labelled_it(tmp_path):
    image = replace(IMAGE, path=str(tmp_path / "a.ome.tif"))
    assert labellings_of(image) == {}
    for who in ("ann", "bo"):
        begin(default_folder(image, who), image, who)
    assert [r.annotator for r in labellings_of(image).values()] == ["bo", "ann"]
    (default_folder(image, "bo") / "labelling.json").write_text("{}")
    assert list(labellings_of(image)) == [default_folder(image, "ann")]
    assert labellings_of(replace(image, path=str(tmp_path / "b.tif"))) == {}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 37), st.integers(0, 37), st.integers(0, 4), st.sampled_from("abc")
        ),
        max_size=15,
    )
)
def test_whatever_is_painted_in_whatever_tiles_comes_back(tmp_path_factory, strokes):
    folder = tmp_path_factory.mktemp("labels")
    desk = Desk(begin(folder, IMAGE, "ann"))
    for stroke in strokes:
        desk.paint(*stroke)
    desk.end()
    same(resume(folder), desk)


@pytest.mark.parametrize("path", [URL, "a.tif", "/no/such/folder/a.tif"])
def test_labels_of_an_image_that_lies_in_no_folder_are_kept_at_home(path, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    image = replace(IMAGE, path=path)
    home = tmp_path / "napari-verdict" / "nuclei.labels" / "ann"
    assert default_folder(image, "ann") == home
    begin(default_folder(image, "ann"), image, "ann")
    assert list(labellings_of(image)) == [home]
    assert [p.name for p in tmp_path.iterdir()] == ["napari-verdict"]
