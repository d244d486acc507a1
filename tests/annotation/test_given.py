"""Labels that were there before: which of them are just those of a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from builders import discs
from napari_verdict.annotation import given as module
from napari_verdict.annotation.given import given_steps, predicted_of
from napari_verdict.annotation.origins import Origin
from napari_verdict.engine.cancel import Cancelled, CancelToken


def same(labels, predictions):
    """What holds by definition: the pixels of an object are those of a predicted one."""
    return {
        k
        for k in np.unique(labels[labels != 0]).tolist()
        for p in np.unique(predictions[predictions != 0])
        if np.array_equal(labels == k, predictions == p)
    }


small = arrays(np.uint8, (3, 2, 3), elements=st.integers(0, 3))


@given(small, small)
def test_an_object_is_a_predicted_one_where_their_pixels_are_the_same(labels, prediction):
    found = predicted_of(labels, {"unet": prediction}, CancelToken())
    assert set(found) == same(labels, prediction)


def test_whatever_label_it_has_and_however_many_pieces_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 7)
    prediction = discs()
    labels = np.where(prediction != 0, prediction + 40, 0)
    first = labels == 41
    labels[np.argwhere(first)[0][0], np.argwhere(first)[0][1]] = 0  # one that was corrected
    found = predicted_of(labels, {"unet": prediction}, CancelToken())
    assert set(found) == set((np.unique(prediction)[2:] + 40).tolist())


def test_of_several_predictions_the_first_is_named():
    found = predicted_of(discs(), {"a": 0 * discs(), "b": discs(), "c": discs()}, CancelToken())
    assert set(found.values()) == {"b"}


def test_it_can_be_cancelled():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        predicted_of(discs(), {}, token)


def test_every_object_is_given_by_its_own_source():
    labels = discs()
    ids = np.unique(labels[labels != 0]).tolist()
    steps, origins = given_steps(labels, "ann", {ids[0]: "unet"}, "old masks")
    known = {label: (o.made, o.origin, o.source, o.annotators) for label, o in origins}
    assert known.pop(ids[0]) == (Origin.GIVEN, Origin.GIVEN, "unet", ("ann",))
    assert set(known) == set(ids[1:])
    assert set(known.values()) == {(Origin.GIVEN, Origin.GIVEN, "old masks", ("ann",))}
    painted = np.zeros_like(labels)
    for change, _ in steps:
        change.write(painted)
    np.testing.assert_array_equal(painted, labels)


def test_nothing_is_given_where_nothing_is_labelled():
    steps, origins = given_steps(np.zeros((4, 4), np.uint16), "ann", {})
    assert steps == []
    assert list(origins) == []
