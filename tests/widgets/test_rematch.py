"""Another threshold: at once where it is quick, in a worker where it is not."""

from __future__ import annotations

import time

import pytest
from qtpy.QtCore import QObject

from builders import discs
from cases import compare
from napari_verdict.comparison.objects.labels import LabelResult
from napari_verdict.widgets.rematch import PATIENCE, Rematch

pytestmark = pytest.mark.gui


@pytest.fixture
def rematch(qtbot):
    owner = QObject()
    rematch = Rematch(owner)
    rematch.heard = []
    rematch.done.connect(lambda r: rematch.heard.append(r.comparison.settings.iou_threshold))
    yield rematch
    rematch.cancel()
    qtbot.waitUntil(lambda: not rematch._job.is_busy)


@pytest.fixture
def result():
    return compare(discs(), discs())


@pytest.fixture
def asked(monkeypatch):
    """Make matching slow below 0.5, as in tissue, and keep what is matched."""
    asked = []
    original = LabelResult.at

    def at(self, threshold, inclusive=None):
        asked.append(threshold)
        if threshold < 0.5:
            time.sleep(2 * PATIENCE)
        return original(self, threshold, inclusive)

    monkeypatch.setattr(LabelResult, "at", at)
    return asked


def test_a_quick_match_is_there_at_once(rematch, result, asked):
    rematch.ask(result, 0.7)
    rematch.ask(result, 0.8)
    assert rematch.heard == [0.7, 0.8]


def test_what_was_slow_once_goes_to_a_worker_and_only_the_newest_follows(
    rematch, result, asked, qtbot
):
    rematch.ask(result, 0.4)
    assert rematch.heard == []  # the first time nobody knows how long it takes
    qtbot.waitUntil(lambda: rematch.heard == [0.4])
    for threshold in (0.3, 0.25, 0.2, 0.15):
        rematch.ask(result, threshold)
    assert rematch.heard == [0.4]
    qtbot.waitUntil(lambda: rematch.heard[-1] == 0.15)
    assert rematch.heard == [0.4, 0.3, 0.15]
    assert asked == [0.4, 0.3, 0.15]


def test_slow_below_a_half_is_still_quick_above(rematch, result, asked, qtbot):
    rematch.ask(result, 0.4)
    qtbot.waitUntil(lambda: rematch.heard == [0.4])
    rematch.ask(result, 0.6)
    assert rematch.heard == [0.4, 0.6]


def test_nothing_is_heard_of_what_was_cancelled(rematch, result, asked, qtbot):
    rematch.ask(result, 0.4)
    rematch.ask(result, 0.3)
    rematch.ask(result, 0.2)
    rematch.cancel()
    qtbot.wait(400)
    assert rematch.heard == []
