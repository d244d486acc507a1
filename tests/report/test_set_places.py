"""Labels of a set are found again after folders were moved, and what is lost is said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import tifffile

from napari_verdict.annotation.edits import Change
from napari_verdict.annotation.origins import Action, Step
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.report.image_search import find_images
from napari_verdict.report.labelling import begin, default_folder
from napari_verdict.report.labelling_set import begin_set, sets_of, take_up_set
from napari_verdict.report.set_places import found_again, note_of

NOTHING = Change(np.zeros(0, np.int64), np.zeros(0, np.uint16))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for k, name in enumerate(("a", "sub/b", "sub/c")):
        path = tmp_path / "images" / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, np.full((8, 9), k, np.uint8))
    return tmp_path


def images_in(folder):
    return complete(find_images(folder, (), "none", CancelToken()))


def labelled(images, who="ann", absolute=False):
    """Begin a set in which *a* and *sub/b* were labelled; return its folder and theirs."""
    labelling = begin_set(images, who)
    journal, kept = labelling.journal(), {}
    for name in ("a", "sub/b"):
        image = images[name].image()
        kept[name] = begin(default_folder(image, who), image, who).folder
        note = note_of(labelling.folder, name, kept[name])
        note |= {"folder": str(kept[name])} if absolute else {}
        step = Step(Action.MARK, who, datetime.now(UTC))
        journal.record("plan", NOTHING, step, note=note)
    journal.record("plan", NOTHING, step, note={"tile": 0, "state": "finished", "reason": ""})
    assert journal.close(10)
    return labelling.folder, kept


def go_on(folder):
    """Take up the only set of a folder of images."""
    images = images_in(folder)
    (begun,) = sets_of(images)
    return found_again(take_up_set(begun), images)


def tear(set_folder, what):
    """Change one byte of the note that holds some text."""
    (path,) = set_folder.glob("*.strokes")
    content = path.read_bytes()
    assert content.count(what) == 1
    path.write_bytes(content.replace(what, what[:-1] + b"?"))


def test_labels_beside_the_images_are_noted_by_the_way_to_them(home):
    folder, kept = labelled(images_in(home / "images"))
    assert folder == home / "images" / "images.labels" / "ann"
    note = {"image": "sub/b", "folder": "sub/b.labels/ann"}
    assert take_up_set(folder).notes[1] == note_of(folder, "sub/b", kept["sub/b"]) == note
    elsewhere = home / "home" / "napari-verdict" / "b.labels" / "ann"
    assert note_of(folder, "sub/b", elsewhere)["folder"] == str(elsewhere)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("new", ["moved/images", "images of may"])
def test_a_folder_that_was_moved_or_renamed_is_gone_on_with(home, absolute, new):
    labelled(images_in(home / "images"), absolute=absolute)
    (home / "moved").mkdir()
    (home / "images").rename(home / new)
    back = go_on(home / new)
    places = {"a": "a.labels/ann", "sub/b": "sub/b.labels/ann"}
    assert back.folders == {name: home / new / place for name, place in places.items()}
    assert back.trouble == ""


def test_of_several_people_each_finds_their_own_and_other_pixels_are_none(home):
    images = images_in(home / "images")
    labelled(images, "bo", absolute=True)
    folder, kept = labelled(images, absolute=True)
    (home / "images").rename(home / "new")
    tifffile.imwrite(home / "new" / "sub" / "b.tif", np.full((8, 9), 77, np.uint8))
    images = images_in(home / "new")
    back = found_again(take_up_set(home / "new" / folder.relative_to(home / "images")), images)
    assert back.folders == {
        "a": home / "new" / "a.labels" / "ann",
        "sub/b": kept["sub/b"],  # as it was noted: what lies beside the image is of another one
    }


def test_labels_whose_note_is_damaged_are_found_and_that_is_said(home):
    folder, kept = labelled(images_in(home / "images"))
    tear(folder, b"sub/b.labels/ann")
    back = go_on(home / "images")
    assert back.folders == kept
    assert back.trouble.startswith("1 of 3 notes on these images cannot be read. Look over which")
    assert f"Labels of “sub/b” were found in {str(kept['sub/b'])!r}." in back.trouble
    assert "“sub/c”" not in back.trouble


def test_labels_that_were_made_before_the_set_or_as_a_second_opinion_are_not_of_it(home):
    images = images_in(home / "images")
    image = images["sub/c"].image()
    begin(default_folder(image, "ann"), image, "ann")
    folder, kept = labelled(images)
    begin(
        default_folder(image, "ann").with_name("again"), image, "ann", second_to=datetime.now(UTC)
    )
    tear(folder, b"sub/b.labels/ann")
    assert go_on(home / "images").folders == kept


def test_without_a_damaged_note_nothing_is_looked_for(home):
    folder, kept = labelled(images_in(home / "images"))
    images = images_in(home / "images")
    image = images["sub/c"].image()
    begin(default_folder(image, "ann"), image, "ann")  # labelled alone, not in the set
    pictures = tuple(replace(p, source=home / "gone.tif") for p in images.pictures)
    back = found_again(take_up_set(folder), replace(images, pictures=pictures))
    assert (back.folders, back.trouble) == (kept, "")


def test_a_note_of_another_kind_that_is_damaged_is_said(home):
    folder, kept = labelled(images_in(home / "images"))
    (path,) = folder.glob("*.strokes")
    journal = take_up_set(folder).journal()
    note = {"tile": 1, "state": "finished", "reason": ""}
    journal.record("plan", NOTHING, Step(Action.MARK, "ann", datetime.now(UTC)), note=note)
    assert journal.close(10)
    tear_at = path.read_bytes().index(json.dumps({"tile": 0}).encode()[1:-1])
    content = bytearray(path.read_bytes())
    content[tear_at] ^= 1
    path.write_bytes(content)
    back = take_up_set(folder)
    assert back.notes[-1] == note
    assert back.folders == kept
    assert back.trouble.startswith("1 of 4 notes on these images cannot be read.")
