"""Image files become inputs with their axes and sizes; what is written reads back the same."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_verdict import ComparisonError
from napari_verdict.comparison.model import Input
from napari_verdict.engine.descriptions import TiffPages
from napari_verdict.report.ome import read_input, write_ome_tiff


def test_a_plain_tiff_is_an_image_of_pixels(tmp_path):
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    tifffile.imwrite(tmp_path / "a.tif", image)
    given = read_input(tmp_path / "a.tif")
    np.testing.assert_array_equal(given.data, image)
    assert (given.name, given.axes) == ("a", "yx")
    assert (given.scale, given.units) == ((1.0, 1.0), ("pixel", "pixel"))
    assert given.path == str((tmp_path / "a.tif").resolve())


@pytest.mark.parametrize("axes", ["yx", "zyx", "tyx", "tczyx", "yxz", "yxc"])
def test_what_is_written_reads_back_with_axes_sizes_and_units(tmp_path, rng, axes):
    shape = {"t": 2, "c": 3, "z": 4, "y": 5, "x": 6}
    scale = {"t": 30.0, "c": 1.0, "z": 0.5, "y": 0.2, "x": 0.1}
    units = {"t": "second", "c": "pixel"}
    data = rng.random([shape[a] for a in axes]).astype(np.float32)
    like = Input(
        "gt",
        data,
        axes,
        scale=tuple(scale[a] for a in axes),
        units=tuple(units.get(a, "micrometer") for a in axes),
    )
    path = tmp_path / "map.ome.tif"
    write_ome_tiff(path, data, like)
    back = read_input(path)
    assert back.axes == "".join(a for a in "tczyx" if a in axes)
    np.testing.assert_array_equal(back.data, data.transpose([axes.index(a) for a in back.axes]))
    assert back.scale == tuple(scale[a] for a in back.axes)
    assert back.units == tuple(units.get(a, "micrometer") for a in back.axes)


@pytest.mark.parametrize("unit", ["µm", "um", "micrometer"])
def test_the_size_of_pixels_is_written_however_its_unit_is_called(tmp_path, unit):
    like = Input("a", np.zeros((4, 5), np.uint8), "yx", (0.5, 0.25), units=(unit, unit))
    write_ome_tiff(tmp_path / "a.ome.tif", like.data, like)
    back = read_input(tmp_path / "a.ome.tif")
    assert (back.scale, back.units) == ((0.5, 0.25), ("micrometer",) * 2)


@pytest.mark.parametrize("axes", ["yx", "zyx"])
def test_rgb_is_written_as_rgb(tmp_path, rng, axes):
    shape = (2, 5, 6)[-len(axes) :]
    data = rng.integers(0, 255, (*shape, 3)).astype(np.uint8)
    like = Input("rgb", data[..., 0], axes, (0.5,) * len(axes), units=("micrometer",) * len(axes))
    write_ome_tiff(tmp_path / "a.ome.tif", data, like)
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as file:
        assert file.series[0].axes == axes.upper() + "S"
        assert file.pages[0].photometric.name == "RGB"
        np.testing.assert_array_equal(file.asarray(), data)
    assert read_input(tmp_path / "a.ome.tif").scale == (*(0.5,) * len(axes), 1)


@pytest.mark.parametrize(("compression", "kind"), [(None, np.memmap), ("zlib", TiffPages)])
@pytest.mark.parametrize("axes", ["TZYX", "YX", "ZCYX"])
def test_a_large_tiff_stays_in_its_file(tmp_path, rng, monkeypatch, compression, kind, axes):
    pixels = rng.integers(0, 999, (2, 3, 30, 20)[4 - len(axes) :]).astype(np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, ome=True, compression=compression, metadata={"axes": axes}
    )
    whole = read_input(tmp_path / "a.tif")
    monkeypatch.setattr("napari_verdict.report.ome.LARGE_BYTES", 100)
    large = read_input(tmp_path / "a.tif")
    assert (large.axes, large.shape, large.data.dtype) == (whole.axes, whole.shape, np.uint16)
    assert isinstance(large.data, kind)
    assert not large.source.in_memory
    for frame in whole.source.frames:
        parts = [i.source.read(frame, slice(0, 1), slice(3, 30)) for i in (large, whole)]
        np.testing.assert_array_equal(*parts)


def test_sizes_of_an_imagej_stack_are_read(tmp_path):
    stack = np.zeros((3, 4, 5), np.uint16)
    tifffile.imwrite(
        tmp_path / "s.tif",
        stack,
        imagej=True,
        resolution=(10.0, 5.0),
        metadata={"axes": "ZYX", "spacing": 0.5, "unit": "um"},
    )
    given = read_input(tmp_path / "s.tif")
    assert given.axes == "zyx"
    assert given.scale == pytest.approx((0.5, 0.2, 0.1))
    assert given.units == ("micrometer",) * 3


def test_axes_that_a_file_does_not_name_stay_unknown_until_they_are_given(tmp_path):
    np.save(tmp_path / "s.npy", np.zeros((3, 4, 5)))
    assert read_input(tmp_path / "s.npy").axes == "?yx"
    assert read_input(tmp_path / "s.npy", axes="tyx").axes == "tyx"


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16])
def test_png_in_grey(tmp_path, dtype):
    image = (np.arange(100).reshape(10, 10) * 600).astype(dtype)
    Image.fromarray(image).save(tmp_path / "g.png")
    given = read_input(tmp_path / "g.png")
    np.testing.assert_array_equal(given.data, image)
    assert given.data.dtype == dtype


def test_png_in_colour_has_channels_and_with_a_palette_is_its_indices(tmp_path):
    image = Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10))
    image.convert("RGB").save(tmp_path / "c.png")
    assert read_input(tmp_path / "c.png").axes == "yxc"
    image.putpalette(list(range(255, -1, -1)) * 3)
    image.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_input(tmp_path / "p.png").data.ravel(), np.arange(100))


@pytest.mark.parametrize("name", ["x.tif", "x.npy", "x.png"])
def test_a_file_that_is_no_image_is_refused_in_a_sentence(tmp_path, name):
    (tmp_path / name).write_text("no image")
    with pytest.raises(ComparisonError, match=f"{name!r} cannot be read as an image"):
        read_input(tmp_path / name)


def test_objects_hidden_in_npy_files_are_not_run(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ComparisonError, match="cannot be read"):
        read_input(tmp_path / "x.npy")


def test_a_missing_file_and_axes_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(ComparisonError, match="There is no file"):
        read_input(tmp_path / "gone.tif")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 4), np.uint8))
    with pytest.raises(ComparisonError, match=r"2 axes \(3 × 4\), but 'zyx' names 3"):
        read_input(tmp_path / "a.tif", axes="zyx")


def test_the_real_images_are_read_with_their_voxel_size(shared_data):
    given = read_input(shared_data / "ovule3d" / "gt_labels.ome.tif")
    assert given.axes == "zyx"
    assert given.scale == pytest.approx((0.235, 0.15, 0.15))
    assert set(given.units) == {"micrometer"}
    assert given.name == "gt_labels"
