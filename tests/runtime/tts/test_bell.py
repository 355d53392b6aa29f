"""Nobody sleeps through a ring."""

import threading

from speechtrt.runtime.tts.bell import Bell


def test_a_ring_is_answered_once() -> None:
    bell = Bell()
    assert not bell.answer()
    bell.ring()
    assert bell.answer() and not bell.answer()


def test_a_ring_before_the_wait_ends_it() -> None:
    bell = Bell()
    bell.ring()
    assert bell.answer()
    bell.sleep(None)


def test_another_thread_ends_the_wait() -> None:
    bell = Bell()
    threading.Timer(0.01, bell.ring).start()
    bell.sleep(None)
    assert bell.answer()


def test_to_wake_is_not_to_ring() -> None:
    bell = Bell()
    bell.wake()
    bell.sleep(None)
    assert not bell.answer()


def test_whoever_rings_or_wakes_has_called() -> None:
    bell = Bell()
    assert not bell.called
    for call in (bell.ring, bell.wake):
        bell.called = False
        call()
        assert bell.called
