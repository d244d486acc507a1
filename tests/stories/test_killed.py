"""napari is killed while somebody labels; nothing but the last moment is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_verdict.report.resuming import resume
from napari_verdict.widgets.label.dock import LabelWidget
from stories.painting import image

if TYPE_CHECKING:
    from stories.person import Person

pytestmark = pytest.mark.gui
PAINTING = Path(__file__).with_name("painting.py")
#: How many windows are killed, and the longest that they are painted in.
KILLS, LIFE = 5, 3.0
LOST_SECONDS = 2.0


@dataclass(frozen=True)
class Killed:
    """A window that was killed: what was painted in it until then, by label."""

    home: Path
    painted: dict[int, tuple[float, int]]
    ended: float

    @property
    def folder(self) -> Path:
        return self.home / "napari-verdict" / "raw.labels" / "anyone"


def kill_windows(folder: Path, n: int, seed: int) -> list[Killed]:
    """Let n windows be painted in at the same time, and kill each at a random moment."""
    rng = np.random.default_rng(seed)
    processes = []
    for k in range(n):
        home = folder / f"{k:02d}"
        home.mkdir()
        processes.append((home, subprocess.Popen(
            [sys.executable, str(PAINTING)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=os.environ | {"HOME": str(home)},
        )))  # fmt: skip
    return [_killed(home, process, rng.uniform(0, LIFE)) for home, process in processes]


def _killed(home: Path, process: subprocess.Popen[str], life: float) -> Killed:
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(life)
        process.kill()
        ended = time.time()
        lines = [line.split() for line in process.stdout if line.endswith("\n")]
    return Killed(home, {int(k): (float(at), int(crc)) for k, at, crc in lines}, ended)


def lost_seconds(window: Killed) -> float:
    """Return how long before its end the first stroke that is lost was made; 0 without any.

    All others are there, pixel by pixel.
    """
    kept = resume(window.folder)
    assert not kept.trouble
    assert any("plan" in note for note in kept.notes)
    newest = max(kept.origins.objects, default=0)
    assert set(kept.origins.objects) == set(range(1, newest + 1))
    if newest in window.painted:
        assert zlib.crc32(kept.labels) == window.painted[newest][1]
    return max(
        (window.ended - at for k, (at, _) in window.painted.items() if k > newest), default=0
    )


@pytest.fixture(scope="module")
def windows(tmp_path_factory: Any) -> list[Killed]:
    return kill_windows(tmp_path_factory.mktemp("killed"), KILLS, 5)


def test_windows_killed_at_random_moments_lose_at_most_two_seconds(windows: list[Killed]) -> None:
    assert max(map(lost_seconds, windows)) <= LOST_SECONDS
    assert sum(len(w.painted) for w in windows) > 2 * KILLS  # they were painted in


def test_the_next_start_offers_to_go_on_and_nothing_is_missing(
    person: Person, windows: list[Killed], monkeypatch: Any
) -> None:
    window = max(windows, key=lambda w: len(w.painted))
    monkeypatch.setenv("HOME", str(window.home))
    person.viewer.add_image(image(), name="raw")
    dock = LabelWidget(person.viewer)
    person.viewer.window.add_dock_widget(dock)
    person.click("Go on labelling")
    person.wait(lambda: dock.state.bench is not None, "the labels")
    np.testing.assert_array_equal(dock.state.bench.truth.data, resume(window.folder).labels)
    assert dock.state.bench.truth.data.any()
    assert "Taken up again" in dock.page.bar.text.text()
