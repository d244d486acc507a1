"""Blocks on threads: bounded submission, results in order, prompt stop."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_verdict.engine.cancel import CancelToken

T = TypeVar("T")
B = TypeVar("B")


def default_threads() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_blocks(
    task: Callable[[B], T],
    blocks: Iterable[B],
    *,
    token: CancelToken,
    threads: int | None = None,
) -> Iterator[T]:
    """Run a task on every block in threads; yield the results in block order.

    At most twice as many blocks as threads are submitted at any time, and
    every task checks the token first: once it is set no further block starts,
    even if this generator is never resumed.

    Parameters
    ----------
    task : callable
        Called with one block, in a thread. It should release the GIL.
    blocks : iterable
        What to call it with.
    token : CancelToken
        Stops the work.
    threads : int, optional
        How many threads; by default one for each processor of this process.

    Yields
    ------
    object
        What `task` returned, in the order of `blocks`.

    Raises
    ------
    Cancelled
        When the token was set.
    """
    threads = threads or default_threads()

    def checked(block: B) -> T:
        token.check()
        return task(block)

    pending: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="napari-verdict")
    try:
        for block in blocks:
            token.check()
            pending.append(pool.submit(checked, block))
            if len(pending) >= 2 * threads:
                yield pending.popleft().result()
        while pending:
            token.check()
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=False, cancel_futures=True)
