from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from builders import compare, discs, texture
from napari_verdict.comparison import run as run_module
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Comparison, Task
from napari_verdict.comparison.result import Progress, Result
from napari_verdict.comparison.run import complete, run
from napari_verdict.engine.cancel import Cancelled, CancelToken

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Comparison]]:
    """What the three kinds of work were called with, in the place of doing it."""
    calls: list[tuple[str, Comparison]] = []
    monkeypatch.setattr(run_module, "prepare_kernels", lambda *_: iter(()))
    for room, name, function in (
        ("restoration", "images", "run_images"),
        ("objects", "labels", "run_labels"),
        ("objects", "points", "run_points"),
    ):

        def work(
            comparison: Comparison, *, token: CancelToken, threads: int | None, kind: str = name
        ) -> Generator[Progress, None, Result]:
            calls.append((kind, comparison))
            for done in (1, 2):
                token.check()
                yield Progress(done, 2, "scoring")
            return Result(comparison, ())

        module = ModuleType(name)
        setattr(module, function, work)
        monkeypatch.setitem(sys.modules, f"napari_verdict.comparison.{room}.{name}", module)
    return calls


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (Task.RESTORATION, "images"),
        (Task.INSTANCES, "labels"),
        (Task.FOREGROUND, "labels"),
        (Task.SEMANTIC, "labels"),
        (Task.DETECTIONS, "points"),
    ],
)
def test_each_task_goes_to_its_work(seen: list[Any], task: Task, kind: str) -> None:
    data = np.array([[1.0, 2.0], [3.0, 4.0]]) if task is Task.DETECTIONS else discs()
    complete(run(compare(data, data + 0, task=task, radius=1.0)))
    assert [k for k, _ in seen] == [kind]


def test_progress_comes_through_and_the_result_names_its_request(seen: list[Any]) -> None:
    request = compare(texture(), texture(seed=2))
    steps = run(request)
    assert next(steps) == Progress(1, 1, "checks")
    assert [next(steps).done, next(steps).done] == [1, 2]
    with pytest.raises(StopIteration) as end:
        next(steps)
    result = end.value.value
    assert result.request is request
    assert result.seconds > 0


def test_what_preflight_found_stays_with_the_result(seen: list[Any]) -> None:
    image = texture()
    result = complete(run(compare(image, image.copy())))
    assert [f.code for f in result.findings] == ["identical"]


def test_nothing_is_computed_where_preflight_forbids_it(seen: list[Any]) -> None:
    with pytest.raises(ComparisonError, match="96 × 90"):
        complete(run(compare(texture(), texture((96, 90)))))
    assert seen == []


def test_work_gets_the_comparison_with_accepted_remedies(seen: list[Any]) -> None:
    request = compare(texture(), texture((96, 90)), decisions=("crop-to-common",))
    result = complete(run(request))
    assert seen[0][1].ground_truth.shape == (96, 90)
    assert result.request is request
    assert result.comparison.ground_truth.shape == (96, 90)


def test_cancelling_ends_it_before_or_within_the_work(seen: list[Any]) -> None:
    token = CancelToken()
    steps = run(compare(texture(), texture(seed=2)), token=token)
    while next(steps).what != "scoring":
        pass
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)
    with pytest.raises(Cancelled):
        complete(run(compare(texture(), texture(seed=2)), token=token))
    assert len(seen) == 1
