"""What files say of the camera is found, however it is written down."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_verdict.comparison.evidence.source import camera_in_metadata
from napari_verdict.report.metadata import metadata_of

CAMERA = {"gain": 2.2, "offset": 100.0, "read_noise": 1.6}
KINDS = {
    "ImageJ": {"imagej": True, "metadata": CAMERA},
    "tifffile": {"metadata": CAMERA},
    "OME": {"ome": True, "metadata": {"MapAnnotation": {k: str(v) for k, v in CAMERA.items()}}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_in_a_file_is_read(tmp_path, kind):
    path = tmp_path / "raw.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16), **KINDS[kind])
    assert camera_in_metadata(metadata_of(path)) == CAMERA | {"excess": 1.0}


def test_a_file_that_says_nothing_of_it_or_is_no_tiff_has_no_camera(tmp_path):
    silent, text, absent = tmp_path / "a.tif", tmp_path / "b.npy", tmp_path / "c.tif"
    tifffile.imwrite(silent, np.zeros((8, 8), np.uint16), metadata={"gain": 2})
    text.write_text("no image")
    for path in (silent, text, absent):
        assert camera_in_metadata(metadata_of(path)) is None
