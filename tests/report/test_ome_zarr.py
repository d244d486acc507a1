"""Labels are saved as OME-Zarr through napari, and read back the same."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_verdict import ComparisonError
from napari_verdict.comparison.model import Input
from napari_verdict.report import ome_zarr
from napari_verdict.report.ome_zarr import write_labels, write_ome_zarr
from napari_verdict.viewer.layers import pixels_of

zarr = pytest.importorskip("zarr", reason="zarr is not installed")


def labels(axes):
    """Labels up to 70,000 with sides that tell axes apart."""
    shape = tuple({"t": 2, "c": 3, "z": 4, "y": 5, "x": 6}[a] for a in axes)
    return np.random.default_rng(1).integers(0, 70_000, shape).astype(np.uint32)


@pytest.mark.parametrize("axes", ["yx", "zyx", "tzyx", "tczyx", "xyz"])
def test_pixels_axes_sizes_positions_and_units_are_kept(tmp_path, axes):
    data, n = labels(axes), len(axes)
    place = tuple(range(1, n + 1)), tuple(range(10, 10 + n))
    like = Input("mine", data, axes, *place, ("micrometer",) * n)
    write_ome_zarr(tmp_path / "a.zarr", data, like)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    (scales,) = group.attrs["multiscales"]
    found = "".join(a["name"] for a in scales["axes"])
    order = [axes.index(a) for a in found]
    assert found == "".join(a for a in "tczyx" if a in axes)
    np.testing.assert_array_equal(group["0"][...], data.transpose(order))
    assert group["0"].dtype == np.uint32
    scale, translation = scales["datasets"][0]["coordinateTransformations"]
    assert scale["scale"] == [place[0][k] for k in order]
    assert translation["translation"] == [place[1][k] for k in order]
    assert all(a.get("unit") == "micrometer" for a in scales["axes"] if a["type"] == "space")
    assert "image-label" in group.attrs
    assert scales["version"] == "0.4"


def test_an_ome_zarr_is_replaced_and_nothing_else_is(tmp_path):
    data = labels("yx")
    for factor in (1, 2):
        write_ome_zarr(tmp_path / "a.zarr", data // factor, Input("a", data, "yx"))
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][...], data // 2)
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    (tmp_path / "b.zarr").mkdir()
    (tmp_path / "b.zarr" / "thesis.txt").write_text("mine")
    with pytest.raises(ComparisonError, match="is no OME-Zarr"):
        write_ome_zarr(tmp_path / "b.zarr", data, Input("a", data, "yx"))
    assert (tmp_path / "b.zarr" / "thesis.txt").read_text() == "mine"


def test_without_zarr_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(ome_zarr, "can_write", lambda: False)
    with pytest.raises(ComparisonError, match="pip install 'napari-verdict"):
        write_labels(str(tmp_path / "a.zarr"), labels("yx"), {})


def test_axes_nobody_has_named_are_depth_then_time(tmp_path):
    write_labels(str(tmp_path / "a.zarr"), labels("tzyx"), {"name": "mine"})
    (scales,) = json.loads((tmp_path / "a.zarr" / ".zattrs").read_text())["multiscales"]
    assert [a["name"] for a in scales["axes"]] == ["t", "z", "y", "x"]
    assert scales["name"] == "mine"


@pytest.fixture
def layer():
    from napari.layers import Labels
    from npe2 import PluginManager

    PluginManager.instance().discover()
    placed = {"scale": (0.5, 0.25), "translate": (3, 4), "units": ("um", "um")}
    return Labels(labels("yx").astype(np.int32), name="ground truth", **placed)


def test_napari_saves_a_labels_layer_under_a_name_that_ends_in_zarr(tmp_path, layer):
    path = str(tmp_path / "gt.ome.zarr")
    assert layer.save(path, plugin="napari-verdict") == [path]
    group = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(group["0"][...], layer.data)
    (scales,) = group.attrs["multiscales"]
    scale, translation = scales["datasets"][0]["coordinateTransformations"]
    assert (scale["scale"], translation["translation"]) == ([0.5, 0.25], [3, 4])
    assert [a["unit"] for a in scales["axes"]] == ["micrometer"] * 2


def test_napari_ome_zarr_reads_it_back_as_labels(tmp_path, layer):
    reader = pytest.importorskip(
        "napari_ome_zarr", reason="napari-ome-zarr, the reader of OME-Zarr, is not installed"
    )
    from napari.layers import Layer

    path = str(tmp_path / "gt.ome.zarr")
    layer.save(path, plugin="napari-verdict")
    ((data, meta, kind),) = reader.napari_get_reader(path)(path)
    back = Layer.create(data, meta, kind)
    assert kind == "labels"
    np.testing.assert_array_equal(np.asarray(pixels_of(back)), layer.data)
    # of a scale and a translation that follow each other it reads the first
    np.testing.assert_allclose(back.scale, layer.scale)
    assert back.units == layer.units
