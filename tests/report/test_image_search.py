"""Images of a folder are found with predictions and conditions; what does not fit is named."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from builders import discs
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import complete
from napari_verdict.engine.cancel import CancelToken
from napari_verdict.report.image_search import (
    NO_CONDITIONS,
    SUBFOLDERS,
    find_images,
    partner_of,
)
from napari_verdict.report.image_set import Picture, set_of

RAW = np.random.default_rng(1).integers(0, 999, (40, 40)).astype(np.uint16)


def write(path, data=RAW):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, data)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, data, photometric="minisblack")
    else:
        Image.fromarray(data).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two images of each of two conditions, with predictions of one model."""
    for condition in ("control", "treated"):
        for k in (1, 2):
            write(tmp_path / "images" / condition / f"cell {k}.tif")
            write(tmp_path / "unet" / condition / f"cell {k}_mask.tif", discs())
    return tmp_path


def found(folder, *predictions, conditions=SUBFOLDERS, maps=None):
    paths, at = [folder / p for p in predictions], maps and folder / maps
    return complete(find_images(folder / "images", paths, conditions, CancelToken(), at))


def test_what_was_found_is_said_in_words(folder):
    images = found(folder, "unet")
    assert images.sentence == ("4 images, 2 conditions (control 2, treated 2); predictions of unet")
    assert [p.name for p in images.pictures] == [
        "control/cell 1", "control/cell 2", "treated/cell 1", "treated/cell 2"
    ]  # fmt: skip
    assert found(folder).sentence.endswith("no predictions, so nothing is scored")


def test_pixels_are_read_when_they_are_asked_for(folder):
    picture = found(folder, "unet")["treated/cell 2"]
    np.testing.assert_array_equal(picture.image().data, RAW)
    (prediction,) = picture.predicted()
    assert prediction.name == "unet"
    np.testing.assert_array_equal(prediction.data, discs())
    assert picture.tiled.condition == "treated"


def test_what_does_not_fit_is_left_out_with_the_reason(folder):
    (folder / "images" / "broken.tif").write_bytes(b"no image")
    write(folder / "images" / "lonely.tif")
    write(folder / "images" / "stack.tif", np.zeros((3, 40, 40), np.uint16))
    write(folder / "unet" / "stack.tif", np.zeros((3, 40, 40), np.uint16))
    write(folder / "images" / "small.tif")
    write(folder / "unet" / "small.tif", discs()[:30])
    write(folder / "images" / "soft.tif")
    write(folder / "unet" / "soft.tif", discs().astype(np.float32))
    images = found(folder, "unet")
    assert len(images.pictures) == 4
    reasons = {
        "broken": "cannot be read as an image",
        "lonely": "unet has no file",
        "stack": "its axes are ?yx, those of most images yx",
        "small": "has 30 × 40 pixels, the image 40 × 40",
        "soft": "float32 values, and labels are whole numbers",
    }
    assert set(images.left_out) == set(reasons)
    for name, reason in reasons.items():
        assert reason in images.left_out[name]
    assert images.sentence.endswith("5 files left out")


def test_a_file_of_one_image_is_not_taken_for_the_prediction_of_another(tmp_path):
    for name in ("cell1", "cell1_a", "cell2"):
        write(tmp_path / "images" / f"{name}.tif")
    for name in ("cell1_a", "cell1_a_flow", "cell2"):
        write(tmp_path / "unet" / f"{name}.tif", discs())
    images = found(tmp_path, "unet")
    assert [p.name for p in images.pictures] == ["cell1_a", "cell2"]
    assert images.left_out == {"cell1": "unet has no file of this name"}


def test_maps_of_confidence_belong_to_images_as_predictions_do(folder):
    p = np.linspace(0, 1, 1600, dtype=np.float32).reshape(40, 40)
    for condition in ("control", "treated"):
        for k in (1, 2):
            write(folder / "images" / "maps" / condition / f"cell {k}_prob.tif", p)
    images = found(folder, "unet", maps="images/maps")
    assert len(images.pictures) == 4  # maps are no images
    assert images.has_maps
    assert images.sentence.endswith("predictions of unet; with maps of confidence")
    np.testing.assert_array_equal(images["treated/cell 2"].probabilities().data, p)
    assert not found(folder, "unet").has_maps
    with pytest.raises(ComparisonError, match="has no map of confidence"):
        found(folder, "unet")["control/cell 1"].probabilities()


def test_maps_that_do_not_fit_are_named_with_the_reason(folder):
    p = np.zeros((40, 40), np.float32)
    write(folder / "maps" / "control" / "cell 1.tif", p)
    write(folder / "maps" / "control" / "cell 2.tif", p[:30])
    write(folder / "maps" / "treated" / "cell 1.tif", discs())
    left_out = found(folder, "unet", maps="maps").left_out
    assert left_out["control/cell 2"] == "maps (cell 2.tif) has 30 × 40 pixels, the image 40 × 40"
    assert "probabilities are floats from 0 to 1" in left_out["treated/cell 1"]
    assert left_out["treated/cell 2"] == "maps has no file of this name"
    with pytest.raises(ComparisonError, match="There is no folder"):
        found(folder, maps="nowhere")


def test_folders_of_labels_and_of_predictions_hold_no_images(folder):
    write(folder / "images" / "control" / "cell 1.labels" / "ann" / "tile.tif")
    write(folder / "images" / ".hidden" / "a.tif")
    for condition in ("control", "treated"):
        for k in (1, 2):
            write(folder / "images" / "inside" / condition / f"cell {k}.tif", discs())
    images = found(folder, "images/inside")
    assert len(images.pictures) == 4
    assert images.predictions == ("inside",)


def test_files_of_other_formats_are_found_too(tmp_path):
    write(tmp_path / "images" / "a.png", (RAW % 256).astype(np.uint8))
    write(tmp_path / "images" / "b.npy", RAW)
    write(tmp_path / "images" / "c.jpg", (RAW % 256).astype(np.uint8))
    images = found(tmp_path)
    assert [(p.name, p.shape) for p in images.pictures] == [(n, (40, 40)) for n in "abc"]


def test_colour_is_no_axis_of_what_is_labelled(tmp_path):
    for name in "ab":
        write(tmp_path / "images" / f"{name}.png", np.zeros((30, 40, 3), np.uint8))
        write(tmp_path / "unet" / f"{name}.png", np.zeros((30, 40), np.uint8))
    picture = found(tmp_path, "unet")["a"]
    assert (picture.axes, picture.shape, picture.rgb) == ("yx", (30, 40), True)
    assert picture.image().shape == (30, 40, 3)
    assert picture.labelled(picture.image()).shape == (30, 40)


STAINS = np.arange(2 * 3 * 8 * 9, dtype=np.uint16).reshape(3, 2, 8, 9)


def write_stains(path, data=STAINS, axes="ZCYX"):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, ome=True, photometric="minisblack", metadata={"axes": axes})


def test_stains_share_the_labels_where_predictions_have_no_channels(tmp_path):
    for name in "ab":
        write_stains(tmp_path / "images" / f"{name}.ome.tif")
        write(tmp_path / "unet" / f"{name}.tif", np.zeros((3, 8, 9), np.uint16))
    images = found(tmp_path, "unet")
    assert images.sentence.endswith("predictions of unet; channels share their labels")
    picture = images["a"]
    assert (picture.axes, picture.shape, picture.channel) == ("zyx", (3, 8, 9), 1)
    image = picture.image()
    assert image.axes == "czyx"  # channels first, as napari lays labels over images
    np.testing.assert_array_equal(image.data, STAINS.transpose(1, 0, 2, 3))
    labelled = picture.labelled(image)
    assert (labelled.axes, labelled.shape) == ("zyx", (3, 8, 9))
    np.testing.assert_array_equal(labelled.channels, image.data)
    assert picture.predicted()[0].axes == "zyx"


def test_channels_are_images_of_their_own_where_predictions_have_them_too(tmp_path):
    for name in "ab":
        write_stains(tmp_path / "images" / f"{name}.ome.tif")
        write_stains(tmp_path / "unet" / f"{name}.ome.tif")
    images = found(tmp_path, "unet")
    assert "each channel is an image of its own" in images.sentence
    assert images["a"].image().axes == "zcyx"
    # a model that labels each channel and one that labels the field cannot both be scored
    for name in "ab":
        write(tmp_path / "care" / f"{name}.tif", np.zeros((3, 8, 9), np.uint16))
    images = found(tmp_path, "unet", "care")
    assert images.left_out["a"] == "care (a.tif) has 3 × 8 × 9 pixels, the image 3 × 2 × 8 × 9"


def test_without_predictions_channels_may_share_their_labels_or_not(tmp_path):
    for name in "ab":
        write_stains(tmp_path / "images" / f"{name}.ome.tif", STAINS[0], "CYX")
    images = found(tmp_path)
    assert (images.axes, images.shares) == ("cyx", False)
    assert (images.shared().axes, images.shared().shares) == ("yx", True)
    assert images.shared()["a"].image().axes == "cyx"
    assert images.shared().shared().axes == "yx"


def test_an_axis_without_a_name_is_that_of_channels_where_predictions_lack_it(tmp_path):
    for name in "ab":
        write(tmp_path / "images" / f"{name}.tif", STAINS[0])
        write(tmp_path / "unet" / f"{name}.tif", np.zeros((8, 9), np.uint16))
    assert found(tmp_path, "unet")["a"].kind == "yx of several channels"


def test_a_prediction_belongs_to_the_longest_name_that_it_begins_with():
    images = ["cell 1", "cell 10", "cell 1_b"]
    assert partner_of("cell 1_mask", images) == "cell 1"
    assert partner_of("cell 10_mask", images) == "cell 10"
    assert partner_of("cell 1_b_mask", images) == "cell 1_b"
    assert partner_of("cell 2", images) is None


@pytest.mark.parametrize("table", ["image,x,condition\ncell 1.tif,a,low\ncell 2,b,high\n",
                                   "name;\n"])  # fmt: skip
def test_conditions_come_from_a_table(folder, table):
    path = folder / "conditions.csv"
    path.write_text(table)
    if ";" in table:
        with pytest.raises(ComparisonError, match="fewer than two columns"):
            found(folder, conditions=str(path))
    else:
        assert found(folder, conditions=str(path)).conditions == {"high": 2, "low": 2}


def test_conditions_come_from_names_or_there_are_none(folder):
    assert found(folder, conditions=r"cell (\d)").conditions == {"1": 2, "2": 2}
    assert found(folder, conditions=NO_CONDITIONS).conditions == {"": 4}
    with pytest.raises(ComparisonError, match="is no pattern"):
        found(folder, conditions="(")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ComparisonError, match="There is no folder"):
        found(tmp_path)


def test_a_file_that_was_changed_since_is_said(folder):
    images = found(folder, "unet")
    write(folder / "images" / "control" / "cell 1.tif", RAW[:20])
    with pytest.raises(ComparisonError, match="its file has changed"):
        images["control/cell 1"].image()


def test_an_axis_that_no_file_names_is_named_once_for_all(tmp_path):
    for name in "ab":
        write(tmp_path / "images" / f"{name}.npy", np.zeros((3, 8, 9), np.uint16))
    images = found(tmp_path)
    assert images.axes == "?yx"
    assert images.named("z")["b"].image().axes == "zyx"


def test_open_images_are_a_set_too():
    pictures = [Picture(n, "yx", (40, 40), Input(n, RAW, "yx")) for n in "ab"]
    pictures.append(Picture("c", "zyx", (2, 4, 4), Input("c", np.zeros((2, 4, 4)), "zyx")))
    images = set_of(pictures, {"d": "rotated"})
    assert [p.name for p in images.pictures] == ["a", "b"]
    assert set(images.left_out) == {"c", "d"}
    assert images["b"].image().name == "b"
