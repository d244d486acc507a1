"""Calls are made one after another, in the order they came, whatever becomes of one."""

from __future__ import annotations

import threading

from napari_verdict.widgets.label.in_order import InOrder


def test_what_comes_after_something_slow_waits_for_its_turn():
    calls, done, free = InOrder(), [], threading.Event()
    calls.do(free.wait, 60)
    for k in range(20):
        calls.after(done.append, k)
    assert calls.is_busy
    assert done == []
    free.set()
    calls.wait()
    assert done == list(range(20))
    assert not calls.is_busy


def test_with_nothing_to_wait_for_it_is_called_at_once():
    calls, threads = InOrder(), []
    calls.after(lambda: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]
    calls.do(lambda: threads.append(threading.current_thread()))
    calls.wait()
    assert threads[1] is not threads[0]


def test_what_fails_is_logged_and_the_others_are_done(caplog):
    calls, done, free = InOrder(), [], threading.Event()
    calls.do(free.wait, 60)
    calls.do(int, "no number")
    calls.do(done.append, 1)
    free.set()
    calls.wait()
    assert done == [1]
    assert "no number" in caplog.text


def test_it_can_be_asked_again_and_again():
    calls, done = InOrder(), []
    for k in range(50):
        calls.do(done.append, k)
        if k % 7 == 0:
            calls.wait()
    calls.wait()
    assert done == list(range(50))
