"""The manifest is valid, says the same at both places, and names what exists."""

from __future__ import annotations

from pathlib import Path

import napari_verdict
from napari_verdict.comparison.conventions import CONVENTIONS
from napari_verdict.comparison.model import Settings

MANIFEST = Path(napari_verdict.__file__).parent / "napari.yaml"


def load():
    from npe2 import PluginManifest

    return PluginManifest.from_file(MANIFEST)


def test_the_link_at_the_top_reads_the_same():
    top = Path(__file__).resolve().parents[1] / "napari.yaml"
    assert top.read_text() == MANIFEST.read_text()


def test_every_command_can_be_imported():
    manifest = load()
    manifest.validate_imports()
    assert all(c.id.startswith("napari-verdict.") for c in manifest.contributions.commands)


def test_settings_offer_what_the_engine_knows():
    defaults = load().contributions.configurations["defaults"].properties
    assert defaults["convention"].enum == list(CONVENTIONS)
    assert defaults["convention"].default == Settings().convention.id
    assert defaults["iou_threshold"].default == Settings().iou_threshold
