"""Points are listed like objects: missed, extra, then matched ones."""

from __future__ import annotations

import numpy as np
import pytest

from builders import compare
from napari_verdict.comparison.exclusions import Exclusions
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.model import Input, Task
from napari_verdict.comparison.run import complete, run


@pytest.fixture
def result():
    truth = Input("truth", np.array([[0, 5.0, 5.0], [0, 20, 20], [1, 9, 9]]), "tyx")
    spots = Input("a", np.array([[0, 5.0, 6.0], [1, 30.4, 2], [1, 9, 11]]), "tyx")
    return complete(run(compare(truth, spots, task=Task.DETECTIONS, radius=3.0)))


def test_what_is_wrong_comes_first_and_far_matches_before_near_ones(result):
    entries = entries_of(result, "a")
    rows = [
        (entries.kinds[entries.kind[i]], int(entries.role[i]), int(entries.id[i]))
        for i in range(len(entries))
    ]
    assert rows[:2] == [("missed", 0, 1), ("extra", 1, 1)]
    assert rows[2:] == [("matched", 0, 2), ("matched", 1, 2), ("matched", 0, 0), ("matched", 1, 0)]
    np.testing.assert_array_equal(entries.value[2:], [2, 2, 1, 1])


def test_partners_frames_and_pixels(result):
    entries = entries_of(result, "a")
    assert entries.partner.tolist() == [-1, -1, 2, 2, 0, 0]
    assert entries.frame[:, 0].tolist() == [0, 1, 1, 1, 0, 0]
    assert entries.box[1].tolist() == [0, 1, 30, 31, 2, 3]
    assert entries.find(entries.key(1)) == 1


def test_restorations_and_unknown_candidates_have_no_objects(result):
    assert entries_of(result, "b") is None
    image = np.arange(400.0).reshape(20, 20)
    assert entries_of(complete(run(compare(image, image + 1))), "a") is None


def test_beside_a_sparse_ground_truth_what_is_extra_comes_last():
    truth = Input("truth", np.array([[5.0, 5.0], [20, 20]]), "yx")
    spots = Input("a", np.array([[5.0, 6.0], [30, 2]]), "yx")
    sparse = {"radius": 3.0, "exclusions": Exclusions(sparse=True)}
    entries = entries_of(complete(run(compare(truth, spots, task=Task.DETECTIONS, **sparse))), "a")
    kinds = [entries.kinds[k] for k in entries.kind]
    assert kinds == ["missed", "matched", "matched", "not labelled"]
