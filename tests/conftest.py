"""Shared fixtures: the canonical cases and the real images, where they are present."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images; skips where the checkout stands alone."""
    if not SHARED.is_dir():
        pytest.skip(f"the real images are not beside this checkout ({SHARED})")
    return SHARED


@pytest.fixture(scope="session")
def read_shared(shared_data: Path) -> Any:
    """Read an image or expected.json of the shared data by its path within it."""
    import tifffile

    def read(name: str) -> Any:
        path = shared_data / name
        return json.loads(path.read_text()) if path.suffix == ".json" else tifffile.imread(path)

    return read


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2021)


@pytest.fixture(autouse=True, scope="module")
def what_is_loaded_stays() -> None:
    """Leave what is loaded by now out of collections: napari makes one at every layer that goes."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: Any, monkeypatch: Any) -> Path:
    """Keep what would go into the person's own folder in one of the test's."""
    folder: Path = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder
