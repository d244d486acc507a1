"""Every object as an entry, worst first."""

from __future__ import annotations

import numpy as np
import pytest

from cases import CASES, compare, crowded, huge_ids, split_in_three
from napari_verdict.comparison.entries import ROLES, EntryKey
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.judgements import Judgements
from napari_verdict.comparison.objects.listing import object_entries
from napari_verdict.comparison.objects.overlays import Code


def rows(entries):
    return [
        (ROLES[r], int(i), entries.kinds[k])
        for r, i, k in zip(entries.role, entries.id, entries.kind, strict=True)
    ]


def test_objects_without_a_partner_come_first_with_most_wrong_pixels():
    gt, pred = np.zeros((20, 40), int), np.zeros((20, 40), int)
    gt[1:3, 1:3], gt[5:15, 1:11], gt[1:11, 20:30], gt[12:16, 30:34] = 1, 2, 3, 4
    pred[1:11, 20:29], pred[12:16, 30:34], pred[15:18, 1:11] = 3, 4, 5
    entries = object_entries(compare(pred, gt), "prediction")
    assert rows(entries) == [
        ("ground truth", 2, "missed"),
        ("prediction", 5, "extra"),
        ("ground truth", 1, "missed"),
        ("ground truth", 3, "matched"),
        ("prediction", 3, "matched"),
        ("ground truth", 4, "matched"),
        ("prediction", 4, "matched"),
    ]
    assert entries.value_name == "IoU"
    assert entries.value.tolist() == [0, 0, 0, 0.9, 0.9, 1, 1]
    assert entries.partner.tolist() == [0, 0, 0, 3, 3, 4, 4]
    assert entries.box[0].tolist() == [0, 1, 5, 15, 1, 11]
    assert entries.centroid[0].tolist() == [0, 9.5, 5.5]


def test_they_are_the_objects_of_the_table(rng):
    first, second = crowded(rng, (30, 30), 15), crowded(rng, (30, 30), 15)
    gt, pred = (np.stack(pair) for pair in zip(first, second, strict=True))
    result = compare({"a": pred, "b": gt}, gt, "tyx", iou_threshold=0.6)
    for name in ("a", "b"):
        table = result.objects
        table = table[table["candidate"] == name]
        entries = object_entries(result, name)
        assert len(entries) == len(table)
        for row in table.to_dict("records"):
            key = EntryKey(name, row["role"], (row["frame"]["t"],), row["id"])
            k = entries.find(key)
            assert entries.key(k) == key
            assert entries.kinds[entries.kind[k]] == row["kind"]
            assert (entries.value[k], entries.size[k]) == (row["iou"], row["size"])


def test_what_is_not_there_is_not_found():
    case = split_in_three()
    entries = object_entries(compare(case.prediction, case.ground_truth), "prediction")
    assert entries.find(EntryKey("prediction", "prediction", (), 3)) >= 0
    for key in (
        EntryKey("prediction", "prediction", (), 4),
        EntryKey("prediction", "ground truth", (), 3),
        EntryKey("prediction", "place", (), 3),
        EntryKey("prediction", "cell", (), 3),
        EntryKey("another", "prediction", (), 3),
    ):
        assert entries.find(key) == -1


def test_ids_are_never_rounded():
    case = huge_ids()
    entries = object_entries(compare(case.prediction, case.ground_truth), "prediction")
    for i in (2**40 + 1, 2**53 + 1, 2**64 - 1):
        row = entries.find(EntryKey("prediction", "ground truth", (), i))
        assert entries.key(row).id == i


@pytest.mark.parametrize("case", ["nothing_at_all", "nothing_there", "nothing_predicted"])
def test_sides_may_be_empty(case):
    c = CASES[case]()
    assert len(object_entries(compare(c.prediction, c.ground_truth), "prediction")) == c.fp + c.fn


def test_classes_have_no_objects_and_a_stranger_no_entries():
    case = split_in_three()
    result = compare(case.prediction, case.ground_truth, task="semantic")
    assert len(object_entries(result, "prediction")) == 0
    with pytest.raises(KeyError, match="stranger"):
        object_entries(result, "stranger")


def test_beside_a_sparse_ground_truth_what_is_extra_is_no_error_but_not_labelled():
    gt, pred = np.zeros((20, 40), int), np.zeros((20, 40), int)
    gt[1:11, 20:30], gt[15:18, 30:38] = 1, 2
    pred[1:11, 20:29], pred[15:18, 1:11] = 3, 5
    result = compare(pred, gt, exclusions=Exclusions(sparse=True))
    entries = object_entries(result, "prediction")
    assert rows(entries) == [
        ("ground truth", 2, "missed"),
        ("ground truth", 1, "matched"),
        ("prediction", 3, "matched"),
        ("prediction", 5, "not labelled"),
    ]
    assert Judgements().tally(entries).errors == 1
    assert "not labelled" in result.lookup("prediction", "prediction", 5).describe()
    assert list(result.objects["kind"])[-1] == "not labelled"
    painted = result.overlays("prediction")
    assert painted["predicted objects"][16, 5] == painted["pixels"][16, 5] == Code.NOT_LABELLED
    assert painted["predicted objects"][5, 22] == Code.TRUE_POSITIVE
