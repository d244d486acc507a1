from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from napari_verdict.engine.cancel import Cancelled, CancelToken
from napari_verdict.engine.executor import default_threads, run_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_blocks(threads: int) -> None:
    def slow_at_first(block: int) -> int:
        time.sleep(0.01 if block < 3 else 0)
        return block * block

    results = run_blocks(slow_at_first, range(20), token=CancelToken(), threads=threads)
    assert list(results) == [k * k for k in range(20)]


def test_work_is_spread_over_threads() -> None:
    together = threading.Barrier(3, timeout=10)
    list(run_blocks(lambda _: together.wait(), range(3), token=CancelToken(), threads=3))


def test_no_block_starts_after_cancel() -> None:
    token, release = CancelToken(), threading.Event()
    started: list[int] = []

    def task(block: int) -> int:
        started.append(block)
        if block:
            release.wait(10)
        return block

    results = run_blocks(task, range(60), token=token, threads=2)
    assert next(results) == 0
    while len(started) < 3:  # both threads are within a block, one more waits for them
        time.sleep(0.001)
    token.cancel()
    release.set()
    with pytest.raises(Cancelled):
        list(results)
    time.sleep(0.05)  # whatever was submitted has had the time to start
    assert started == [0, 1, 2]


def test_no_block_starts_after_cancel_though_nobody_asks_for_results() -> None:
    token, release = CancelToken(), threading.Event()
    started: list[int] = []

    def task(block: int) -> int:
        started.append(block)
        release.wait(10)
        return block

    results = run_blocks(task, range(60), token=token, threads=2)
    asking = threading.Thread(target=lambda: _quietly(results), daemon=True)
    asking.start()
    while len(started) < 2:
        time.sleep(0.001)
    token.cancel()
    release.set()
    asking.join(10)
    assert not asking.is_alive()
    assert len(started) == 2


def _quietly(results: Iterator[int]) -> None:
    with pytest.raises(Cancelled):
        list(results)


@pytest.mark.parametrize("threads", [1, 3])
def test_at_most_twice_as_many_blocks_as_threads_are_submitted(threads: int) -> None:
    taken: list[int] = []

    def blocks() -> Iterator[int]:
        for k in range(60):
            taken.append(k)
            yield k

    results = run_blocks(lambda b: b, blocks(), token=CancelToken(), threads=threads)
    for result in results:
        assert len(taken) - result <= 2 * threads


def test_an_exception_of_a_task_reaches_the_caller_and_ends_the_work() -> None:
    started: list[int] = []

    def task(block: int) -> int:
        started.append(block)
        if block == 3:
            raise OSError("the disk is gone")
        return block

    results = run_blocks(task, range(60), token=CancelToken(), threads=2)
    with pytest.raises(OSError, match="the disk is gone"):
        list(results)
    time.sleep(0.05)
    assert len(started) <= 3 + 1 + 4


def test_closing_early_starts_nothing_more_and_does_not_wait() -> None:
    release = threading.Event()
    started: list[int] = []

    def task(block: int) -> None:
        started.append(block)
        if block:
            release.wait(1)

    results = run_blocks(task, range(60), token=CancelToken(), threads=2)
    next(results)
    while len(started) < 3:
        time.sleep(0.001)
    results.close()
    assert not release.is_set()
    release.set()
    time.sleep(0.05)
    assert started == [0, 1, 2]


def test_a_token_set_before_runs_nothing() -> None:
    token = CancelToken()
    token.cancel()
    started: list[int] = []
    with pytest.raises(Cancelled):
        list(run_blocks(started.append, range(5), token=token))
    assert started == []


def test_no_blocks_give_no_results() -> None:
    assert list(run_blocks(lambda b: b, [], token=CancelToken())) == []


def test_there_is_at_least_one_thread() -> None:
    assert default_threads() >= 1


def test_a_token_is_set_once_and_for_all() -> None:
    token = CancelToken()
    token.check()
    assert not token.cancelled
    token.cancel()
    token.cancel()
    assert token.cancelled
    with pytest.raises(Cancelled):
        token.check()
