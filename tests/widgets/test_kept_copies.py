"""Mended copies of an earlier day are offered with all that is known of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_verdict.report.mending import Kept
from napari_verdict.widgets.kept_copies import KeptCopies


@pytest.mark.parametrize(("lost", "said"), [(0, ""), (1, "1 change of it"), (2, "2 changes of it")])
def test_what_cannot_be_read_of_a_copy_is_said_before_it_is_brought_back(qtbot, lost, said):
    kept = Kept(Path("a"), "manual", datetime(2024, 5, 1, tzinfo=UTC), (), 3, True, lost)
    box = KeptCopies(SimpleNamespace(offered=(kept,)))
    qtbot.addWidget(box)
    box.show_kept(is_free=True)
    assert ("cannot be read" in box.text.text()) == bool(lost)
    assert said in box.text.text()
