"""What was said of a result outlives the window, is found again, and is never lost."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import Unreadable, compare, discs, fingerprint, texture
from napari_verdict import ComparisonError
from napari_verdict.comparison.conventions import CONVENTIONS
from napari_verdict.comparison.entries import EntryKey
from napari_verdict.comparison.judgements import Judgement, Judgements
from napari_verdict.comparison.model import Input, Task
from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.report.identity import identities_of
from napari_verdict.report.session import open_session

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
A1, A2, B1 = (EntryKey(c, "prediction", (), i) for c, i in (("a", 1), ("a", 2), ("b", 1)))
SAID = (
    Judgements()
    .judge([A1], Judgement.GROUND_TRUTH_WRONG, at=NOON)
    .annotate([A1, A2], "„touches“ its neighbour\nsee µ-slide 3", at=NOON)
)


def objects(*predictions, truth=None, **changes):
    truth = discs() if truth is None else truth
    predictions = predictions or (np.roll(discs(), 1, 0),)
    return compare(truth, *predictions, task=Task.INSTANCES, **changes)


def restored(**changes):
    truth = texture((32, 32))
    return compare(truth, truth + 1, raw=changes.pop("raw", truth + 2), **changes)


def named(comparison, *names):
    inputs = zip(comparison.predictions, names, strict=True)
    return replace(comparison, predictions=tuple(replace(p, name=n) for p, n in inputs))


def found(folder, comparison):
    return dict(open_session(folder, identities_of(comparison)).found)


def save(folder, comparison, judgements=SAID):
    return open_session(folder, identities_of(comparison)).save(judgements)


def test_judgements_and_notes_are_found_again_as_they_were(tmp_path):
    assert save(tmp_path, objects()) is None
    assert found(tmp_path, objects()) == SAID.marks


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(note=st.text(), id=st.integers(1, 2**64 - 1), frame=st.lists(st.integers(0, 9), max_size=2))
def test_any_note_on_any_object_survives(tmp_path, note, id, frame):
    key = EntryKey("a", "ground truth", tuple(frame), id)
    said = Judgements().judge([key], Judgement.FINE).annotate([key], note)
    save(tmp_path, objects(), said)
    assert found(tmp_path, objects()) == said.marks


def test_no_file_is_no_judgement_and_no_trouble(tmp_path):
    opened = open_session(tmp_path / "not there", identities_of(objects()))
    assert (dict(opened.found), opened.trouble) == ({}, "")


def test_the_threshold_does_not_matter(tmp_path):
    save(tmp_path, objects())
    assert found(tmp_path, objects(iou_threshold=0.9, iou_inclusive=False)) == SAID.marks


def test_the_same_pixels_are_known_under_another_name(tmp_path):
    save(tmp_path, objects())
    again = found(tmp_path, named(objects(), "stardist"))
    assert again == {replace(key, candidate="stardist"): m for key, m in SAID.marks.items()}


def test_of_two_equal_predictions_each_keeps_its_own(tmp_path):
    twins = objects(discs(), discs())
    save(tmp_path, twins)
    assert found(tmp_path, twins) == SAID.marks
    said = SAID.judge([B1], Judgement.FINE)
    save(tmp_path, twins, said)
    assert found(tmp_path, twins) == said.marks


@pytest.mark.parametrize(
    "other",
    [
        objects(np.roll(discs(), 2, 0)),
        objects(truth=np.roll(discs(), 1, 1)),
        objects(decisions=("relabel",)),
        objects(discs()[None], truth=discs()[None], axes="tyx"),
        replace(objects(), task=Task.SEMANTIC),
    ],
    ids=["prediction", "ground truth", "decisions", "axes", "task"],
)
def test_what_changes_the_meaning_of_ids_parts_the_two_and_loses_neither(tmp_path, other):
    save(tmp_path, objects())
    assert found(tmp_path, other) == {}
    said = Judgements().judge([A2], Judgement.AMBIGUOUS)
    save(tmp_path, other, said)
    assert found(tmp_path, other) == said.marks
    assert found(tmp_path, objects()) == SAID.marks


def test_one_more_prediction_does_not_matter_and_leaving_it_out_forgets_nothing(tmp_path):
    save(tmp_path, objects())
    both = objects(objects().predictions[0], discs())
    assert found(tmp_path, both) == SAID.marks
    save(tmp_path, both, SAID.judge([B1], Judgement.FINE))
    save(tmp_path, objects(), Judgements())
    assert set(found(tmp_path, both)) == {B1}


def test_places_belong_to_how_they_were_found(tmp_path):
    place = EntryKey("a", "place", (), 1)
    said = Judgements().judge([place], Judgement.REAL_ERROR)
    open_session(tmp_path, identities_of(restored(), places="lowest SSIM")).save(said)

    def again(comparison, places="lowest SSIM"):
        return dict(open_session(tmp_path, identities_of(comparison, places=places)).found)

    assert again(restored()) == said.marks
    assert again(restored(), "highest RSE") == {}
    assert again(restored(raw=texture((32, 32)) + 9)) == {}
    assert again(restored(ssim_3d=True)) == {}
    others = [c for c in CONVENTIONS.values() if c != restored().settings.convention]
    assert others
    assert all(again(restored(convention=c)) == {} for c in others)


def test_raw_is_a_candidate_of_its_own(tmp_path):
    said = Judgements().judge([EntryKey("raw", "place", (), 1)], Judgement.FINE)
    save(tmp_path, restored(), said)
    assert found(tmp_path, restored()) == said.marks


def test_what_was_taken_back_is_gone_from_the_file_and_stays_in_the_one_before(tmp_path):
    save(tmp_path, objects())
    save(tmp_path, objects(), Judgements())
    assert found(tmp_path, objects()) == {}
    (tmp_path / "session.previous.json").replace(tmp_path / "session.json")
    assert found(tmp_path, objects()) == SAID.marks


@pytest.mark.parametrize("what", ["half", "empty", "other", "newer", "binary"])
def test_a_broken_file_is_said_so_and_kept_under_another_name(tmp_path, what):
    save(tmp_path, objects())
    file = tmp_path / "session.json"
    whole = file.read_bytes()
    content = {
        "half": whole[: len(whole) // 2],
        "empty": b"",
        "other": b'{"scores": []}',
        "newer": whole.replace(b'"schema_version": 1', b'"schema_version": 2'),
        "binary": b"\xff\x00\xfe",
    }[what]
    assert content != whole
    file.write_bytes(content)
    opened = open_session(tmp_path, identities_of(objects()))
    assert dict(opened.found) == {}
    assert "'session.json'" in opened.trouble
    assert "cannot be read" in opened.trouble
    assert file.read_bytes() == content

    aside = opened.save(SAID)
    assert aside is not None
    assert aside.read_bytes() == content
    assert found(tmp_path, objects()) == SAID.marks
    file.write_bytes(content + b"?")
    second = save(tmp_path, objects())
    assert second is not None
    assert second.read_bytes() == content + b"?"
    assert aside.read_bytes() == content


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.write_text", "pathlib.Path.replace"])
def test_a_failure_at_any_step_leaves_the_file_whole_and_says_what_to_do(
    tmp_path, monkeypatch, call
):
    save(tmp_path, objects())
    before = (tmp_path / "session.json").read_bytes()
    opened = open_session(tmp_path, identities_of(objects()))
    with monkeypatch.context() as broken:

        def full(*_args, **_kwargs):
            raise OSError(28, "No space left on device")

        broken.setattr(call, full)
        with pytest.raises(ComparisonError, match=r"No space left.*stay in this window"):
            opened.save(Judgements())
    assert (tmp_path / "session.json").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} <= {"session.json", "session.previous.json"}
    assert found(tmp_path, objects()) == SAID.marks


def test_the_file_reaches_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    steps = []
    settle, put = os.fsync, type(tmp_path).replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("disk"), settle(handle)))
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda self, to: (steps.append("name"), put(self, to))[1]
    )
    save(tmp_path, objects())
    assert steps[:2] == ["disk", "name"]


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    with pytest.raises(ComparisonError, match="save the results in another folder"):
        save(tmp_path / "not there", objects())


def test_a_candidate_that_is_not_compared_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="not compared here: b"):
        save(tmp_path, objects(), SAID.judge([B1], Judgement.FINE))
    assert not list(tmp_path.iterdir())


def test_judgements_made_before_there_was_a_folder_join_those_in_it(tmp_path):
    save(tmp_path, objects())
    here = Judgements().judge([A1], Judgement.FINE)
    opened = open_session(tmp_path, identities_of(objects()))
    opened.save(here.including(opened.found))
    again = found(tmp_path, objects())
    assert again[A1].judgement is Judgement.FINE
    assert again[A2] == SAID.marks[A2]


def test_two_windows_on_the_same_pixels_keep_what_each_other_says(tmp_path):
    one, other = (open_session(tmp_path, identities_of(objects())) for _ in range(2))
    mine = Judgements().judge([A1], Judgement.REAL_ERROR)
    one.save(mine)
    other.save(Judgements().judge([A2], Judgement.FINE))
    assert set(found(tmp_path, objects())) == {A1, A2}
    mine = mine.annotate([A1], "again")
    one.save(mine)
    one.save(mine.judge([A1], None))
    assert {k: m.judgement for k, m in found(tmp_path, objects()).items()} == {
        A1: None,
        A2: Judgement.FINE,
    }
    one.save(Judgements())
    assert set(found(tmp_path, objects())) == {A2}
    other.save(Judgements())
    assert found(tmp_path, objects()) == {}


def test_of_two_equal_predictions_one_alone_does_not_forget_the_other(tmp_path):
    twins = objects(discs(), discs())
    said = SAID.judge([B1], Judgement.FINE)
    save(tmp_path, twins, said)
    save(tmp_path, objects(discs()), SAID)
    assert found(tmp_path, twins) == said.marks


def test_until_checksums_are_known_a_sample_stands_for_them_and_is_forgotten_then(tmp_path):
    quick = identities_of(objects(), quick=True)
    open_session(tmp_path, quick).save(SAID)
    other = identities_of(objects(truth=np.roll(discs(), 1, 1)), quick=True)
    open_session(tmp_path, other).save(Judgements().judge([A2], Judgement.FINE))
    assert found(tmp_path, objects()) == {}
    assert dict(open_session(tmp_path, quick).found) == SAID.marks
    open_session(tmp_path, quick).forget()
    assert set(open_session(tmp_path, quick).found) == set()
    assert set(open_session(tmp_path, other).found) == {A2}
    open_session(tmp_path, other).forget()
    assert not (tmp_path / "session.json").exists()


def test_nothing_is_read_of_lazy_images_for_a_sample():
    lazy = Input("a", Unreadable((40, 40)), "yx")
    quick = identities_of(objects(lazy), quick=True)
    assert quick["a"].prediction.sha256.startswith("place")


def test_places_belong_to_what_is_ignored_and_to_the_grid(tmp_path):
    said = Judgements().judge([EntryKey("a", "place", (), 1)], Judgement.REAL_ERROR)
    save(tmp_path, restored(), said)
    mask = np.zeros((32, 32), bool)
    mask[:9] = True
    assert found(tmp_path, restored(ignore=mask)) == {}
    coarse = restored()
    truth = replace(coarse.ground_truth, scale=(2.0, 1.0))
    assert found(tmp_path, replace(coarse, ground_truth=truth)) == {}
    assert found(tmp_path, restored()) == said.marks


def test_the_file_names_its_version_and_is_plain_json(tmp_path):
    save(tmp_path, objects())
    content = json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))
    assert content["schema_version"] == 1
    marks = content["judged"][0]["marks"]
    assert [m["judgement"] for m in marks] == ["ground truth wrong", None]


def test_telling_comparisons_apart_changes_no_input_and_can_be_cancelled():
    comparison = restored()
    before = fingerprint(comparison)
    identities_of(comparison)
    assert fingerprint(comparison) == before
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        identities_of(comparison, token)
