"""Mended ground truths are found again for the same pixels, and for no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dask import array

from builders import discs
from napari_verdict.comparison.checksums import checksum
from napari_verdict.comparison.model import Input
from napari_verdict.report.mending import MendingJournal, kept_of

TRUTH = Input("gt", discs(), "yx")
SHA256 = checksum(TRUTH.data)
NOTHING = np.empty(0, np.int64), np.empty(0, np.uint16)


def pixels(*at, label=9):
    return np.array(at, np.int64), np.full(len(at), label, np.uint16)


def kept(folder, truth=TRUTH, sha256=SHA256):
    return kept_of(folder, truth, sha256)


def mended(one):
    labels = TRUTH.data.copy()
    for at, values in one.changes:
        labels.reshape(-1)[at] = values
    return labels


def write(folder, *changes, known=True, truth=TRUTH):
    journal = MendingJournal(folder, truth)
    if known:
        journal.know(SHA256)
    journal.begin(NOTHING)
    for change in changes:
        journal.change(change)
    assert journal.close()


@pytest.mark.parametrize("known", [True, False])
def test_changes_are_found_again_in_their_order(tmp_path, known):
    write(tmp_path / "new", pixels(5, 6), pixels(6, 7, label=3), known=known)
    (one,) = kept(tmp_path / "new")
    expected = TRUTH.data.copy().reshape(-1)
    expected[[5, 6, 7]] = 9, 3, 3
    assert (mended(one).reshape(-1) == expected).all()
    assert (one.name, one.checked) == ("gt", known)


def test_edits_are_counted_also_those_of_a_copy_that_was_brought_back(tmp_path):
    write(tmp_path / "new", pixels(5), pixels(6), pixels(7))
    journal = MendingJournal(tmp_path / "brought", TRUTH)
    journal.begin(pixels(5, 6, 7), edits=3)
    journal.change(pixels(8))
    journal.know(SHA256)
    journal.begin(pixels(5, 6, 7, 8))  # validated again
    journal.close()
    assert [one.edits for name in ("new", "brought") for one in kept(tmp_path / name)] == [3, 4]


def test_a_checksum_that_is_known_later_counts(tmp_path):
    journal = MendingJournal(tmp_path, TRUTH)
    journal.begin(NOTHING)
    journal.change(pixels(5))
    journal.know(SHA256)
    journal.close()
    assert [one.checked for one in kept(tmp_path)] == [True]
    assert kept(tmp_path, sha256="of other pixels") == ()


def test_the_newest_is_first_and_each_has_a_file_of_its_own(tmp_path):
    write(tmp_path, pixels(5))
    write(tmp_path, pixels(6))
    assert [one.changes[0][0].tolist() for one in kept(tmp_path)] == [[6], [5]]


def test_what_began_anew_forgets_what_was_before(tmp_path):
    journal = MendingJournal(tmp_path, TRUTH)
    journal.begin(NOTHING)
    journal.change(pixels(5))
    journal.begin(pixels(8))
    journal.close()
    (one,) = kept(tmp_path)
    assert np.flatnonzero(mended(one) != TRUTH.data).tolist() == [8]


def test_a_copy_without_changes_or_with_all_undone_is_not_offered(tmp_path):
    write(tmp_path)
    assert not list(tmp_path.iterdir())
    write(tmp_path, pixels(5), pixels(5, label=TRUTH.data.reshape(-1)[5]))
    assert kept(tmp_path) == ()


@pytest.mark.parametrize(
    "other",
    [
        Input("gt", np.roll(discs(), 1, 0), "yx"),
        Input("gt", discs()[None], "zyx"),
        Input("gt", discs().astype(np.int32), "yx"),
    ],
    ids=["pixels", "axes", "dtype"],
)
def test_another_ground_truth_has_none_of_it(tmp_path, other):
    write(tmp_path, pixels(5), known=False)
    assert kept(tmp_path, other, checksum(other.data)) == ()


def test_the_name_does_not_matter_and_lazy_labels_are_known_by_their_place(tmp_path):
    lazy = replace(TRUTH, data=array.from_array(TRUTH.data, chunks=20))
    write(tmp_path, pixels(5), known=False, truth=lazy)
    assert len(kept(tmp_path, replace(lazy, name="manual"))) == 1
    write(tmp_path, pixels(5), truth=lazy)
    assert [one.checked for one in kept(tmp_path)] == [True]


def test_changes_that_cannot_be_read_are_counted(tmp_path):
    write(tmp_path, pixels(5), pixels(6), pixels(7))
    (path,) = tmp_path.iterdir()
    assert [one.lost for one in kept(tmp_path)] == [0]
    content = bytearray(path.read_bytes())
    second = content.find(b"nvR1", content.find(b"nvR1") + 1)
    content[second + 60] ^= 1
    path.write_bytes(content)
    (one,) = kept(tmp_path)
    assert one.lost == 1
    assert np.flatnonzero(mended(one) != TRUTH.data).tolist() == [5, 7]


def test_files_that_are_torn_or_no_files_do_no_harm(tmp_path):
    write(tmp_path, pixels(5), pixels(6), pixels(7))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    (tmp_path / "mended.x.strokes").mkdir()
    (tmp_path / "mended.y.strokes").write_bytes(b"no strokes")
    (one,) = kept(tmp_path)
    assert len(one.changes) == 2
    assert kept(tmp_path / "not there") == ()
