"""Sample data as layers: named for what they are, in micrometres."""

from __future__ import annotations

import pytest

from napari_verdict.viewer import samples


@pytest.mark.parametrize("make", [samples.denoising_triplet, samples.segmentation_pair])
def test_layers_are_named_and_measured(make):
    from napari.layers import Layer

    layers = [Layer.create(*data) for data in make()]
    names = [layer.name for layer in layers]
    assert {"raw", "ground truth"} <= set(names)
    assert len(set(names)) == len(names) >= 4
    for layer in layers:
        assert [str(u) for u in layer.units] == ["micrometer", "micrometer"]
        assert layer.axis_labels == ("y", "x")
        assert 0.05 < layer.scale[0] < 1


def test_the_sample_without_ground_truth_has_another_capture_in_its_place():
    data = {meta["name"]: image for image, meta, _ in samples.denoising_without_truth()}
    assert list(data) == ["raw", "second capture", "careful", "inventive"]


def test_segmentations_open_as_labels():
    kinds = {data[1]["name"]: data[2] for data in samples.segmentation_pair()}
    assert kinds.pop("raw") == "image"
    assert set(kinds.values()) == {"labels"}
