"""Layers become an inquiry, or a sentence says why not."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_verdict.comparison.evidence.model import EvidenceSettings
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Task
from napari_verdict.viewer.inquiries import camera_in, inquiry_of
from napari_verdict.viewer.layers import Roles, guess_captures, infer_task


def image(name, shape=(3, 8, 8), **kwargs):
    return Image(np.arange(np.prod(shape), dtype=np.uint16).reshape(shape), name=name, **kwargs)


def said_of(*args):
    with pytest.raises(ComparisonError) as error:
        inquiry_of(*args)
    return " ".join(f.message for f in error.value.findings)


def test_raw_predictions_captures_and_stacks_keep_their_roles_and_share_axes():
    raw = image("raw", axis_labels=("z", "y", "x"))
    roles = Roles(image("gt"), raw, (image("cnn"), image("raw")))
    settings = EvidenceSettings(alarms=1.0)
    inquiry = inquiry_of(roles, settings, (image("again"),), (image("dark", (5, 8, 8)),))
    assert inquiry.task is Task.EVIDENCE
    assert inquiry.evidence is settings
    assert [p.name for p in inquiry.predictions] == ["cnn", "raw (prediction)"]
    assert [c.name for c in inquiry.captures] == ["again"]
    assert [s.axes for s in inquiry.calibration] == ["tyx"]
    asked = (inquiry.ground_truth, *inquiry.predictions, *inquiry.captures)
    assert {i.axes for i in asked} == {"zyx"}
    assert inquiry.ground_truth.data is raw.data


def test_what_is_missing_is_said():
    said = said_of(Roles(), EvidenceSettings())
    assert "Choose raw" in said
    assert "at least one prediction" in said


def test_a_single_image_is_no_stack():
    roles = Roles(None, image("raw"), (image("cnn"),))
    with pytest.raises(ComparisonError, match="“dark” is one image"):
        inquiry_of(roles, EvidenceSettings(), (), (image("dark", (8, 8)),))


def test_labels_are_no_denoised_image():
    labels = Labels(np.ones((8, 8), np.uint8), name="cells")
    said = said_of(Roles(None, image("raw", (8, 8)), (labels,)), EvidenceSettings())
    assert "“cells” is a Labels layer" in said


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"gain": 2.0, "offset": 100},
        {"gain": 0.0, "offset": 100, "read_noise": 1},
        {"gain": "high", "offset": 100, "read_noise": 1},
        {"exposure": None},
    ],
)
def test_a_camera_that_is_not_all_there_is_not_read(metadata):
    assert camera_in(image("raw", metadata=metadata)) is None


def test_a_camera_is_read_from_metadata():
    known = {"gain": 2.0, "offset": 100, "read_noise": 1.5}
    assert camera_in(image("raw", metadata=known)) == known | {"excess": 1.0}
    assert camera_in(image("raw", metadata={"exposure": known | {"excess": 2}}))["excess"] == 2
    assert camera_in(None) is None


def test_further_captures_are_known_by_name():
    layers = [image(n) for n in ("raw capture", "second_capture", "capture 3", "cnn", "Repeat")]
    named = [x.name for x in guess_captures(layers)]
    assert named == ["second_capture", "capture 3", "Repeat"]
    assert guess_captures([image("denoised capture")]) == ()


def test_evidence_is_what_images_without_ground_truth_ask_for():
    raw, cnn = image("raw"), image("cnn")
    assert infer_task(None, [cnn], raw)[0] is Task.EVIDENCE
    assert infer_task(None, [cnn])[0] is Task.RESTORATION
    assert infer_task(image("gt"), [cnn], raw)[0] is Task.RESTORATION
    labels = Labels(np.ones((8, 8), np.uint8))
    assert infer_task(None, [labels], raw)[0] is Task.FOREGROUND
