"""A person before a real window of napari."""

from __future__ import annotations

from typing import Any

import pytest

from stories.person import Person


@pytest.fixture
def person(make_napari_viewer: Any, qtbot: Any) -> Person:
    return Person(make_napari_viewer())
