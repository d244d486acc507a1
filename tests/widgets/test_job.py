"""One job at a time: the newest counts, and whatever goes wrong becomes a value."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import QObject

from napari_verdict.comparison.findings import ComparisonError, Finding, Severity
from napari_verdict.comparison.result import Progress
from napari_verdict.widgets.job import Failed, Job, Refused

pytestmark = pytest.mark.gui


@pytest.fixture
def job(qtbot):
    owner = QObject()
    yield Job(owner)
    owner.deleteLater()


def finished(qtbot, job, steps):
    with qtbot.waitSignal(job.done, timeout=10_000) as signal:
        job.start(steps, "testing")
    return signal.args[0]


def test_progress_then_result(qtbot, job):
    def steps(token):
        yield Progress(1, 2, "half")
        return "done"

    seen = []
    job.progressed.connect(seen.append)
    assert finished(qtbot, job, steps) == "done"
    assert seen == [Progress(1, 2, "half")]
    assert not job.is_busy


def test_only_the_newest_is_heard_of(qtbot, job):
    go, tokens = threading.Event(), []

    def slow(token):
        tokens.append(token)
        yield Progress(0, 1, "waiting")
        go.wait(10)
        return "old"

    def quick(token):
        yield Progress(0, 1, "quick")
        return "new"

    done = []
    job.done.connect(done.append)
    job.start(slow, "old")
    qtbot.waitUntil(lambda: bool(tokens), timeout=10_000)
    assert finished(qtbot, job, quick) == "new"
    assert tokens[0].cancelled
    go.set()
    qtbot.wait(200)
    assert done == ["new"]


def test_cancelled_work_says_nothing_more(qtbot, job):
    started = []

    def steps(token):
        started.append(token)
        while True:
            token.check()
            yield Progress(0, 1, "forever")

    done, busy = [], []
    job.done.connect(done.append)
    job.busy.connect(busy.append)
    job.start(steps, "forever")
    qtbot.waitUntil(lambda: bool(started), timeout=10_000)
    job.cancel()
    assert started[0].cancelled
    qtbot.wait(200)
    assert (done, busy) == ([], [True, False])


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ComparisonError([Finding("x", Severity.ERROR, "Say it.")]), Refused, "Say it."),
        (MemoryError(), Failed, "not enough memory"),
        (ZeroDivisionError("odd"), Failed, "odd"),
    ],
)
def test_errors_become_values(qtbot, job, error, kind, words):
    def steps(token):
        yield Progress(0, 1, "breaking")
        raise error

    outcome = finished(qtbot, job, steps)
    assert isinstance(outcome, kind)
    assert words in str(outcome)


def test_work_stops_with_its_owner(qtbot):
    owner, tokens = QObject(), []
    job = Job(owner)

    def steps(token):
        tokens.append(token)
        while True:
            token.check()
            yield Progress(0, 1, "forever")

    job.start(steps, "forever")
    qtbot.waitUntil(lambda: bool(tokens), timeout=10_000)
    owner.deleteLater()
    qtbot.waitUntil(lambda: tokens[0].cancelled, timeout=10_000)


def test_what_it_is_busy_with_is_said_at_once(qtbot, job):
    def steps(token):
        yield Progress(1, 9, "checks")
        yield Progress(2, 9, "checks")
        yield Progress(0, 6, "preparing")
        return "done"

    seen = []
    job.progressed.connect(seen.append)
    finished(qtbot, job, steps)
    assert [p.what for p in seen] == ["checks", "preparing"]
