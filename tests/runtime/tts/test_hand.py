"""Those who do a stage's work do one task after the other, and say when each is done."""

import threading

import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.tts.hand import Hand, Helper, Inline, Task


@pytest.mark.parametrize("hand", [Inline(), Helper("helper")])
def test_a_task_is_done_and_says_so(hand: Hand) -> None:
    rung = threading.Event()
    task = Task(lambda: 6 * 7, rung.set)
    assert not task.done
    hand.give(task)
    assert rung.wait(60)
    assert task.done and task.result == 42 and task.error is None
    hand.close()


@pytest.mark.parametrize("hand", [Inline(), Helper("helper")])
def test_whoever_asks_for_the_result_gets_the_error_and_the_next_task_is_run(hand: Hand) -> None:
    rung = threading.Event()

    def fail() -> None:
        raise BackendError("a fault")

    failing, following = Task(fail, lambda: None), Task(lambda: "next", rung.set)
    hand.give(failing)
    hand.give(following)
    assert rung.wait(60)
    assert failing.done and following.result == "next"
    with pytest.raises(BackendError, match="a fault"):
        _ = failing.result
    hand.close()


def test_a_helper_finishes_the_task_at_hand_and_begins_no_other() -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        assert go.wait(60)
        done.append("first")

    helper = Helper("helper")
    helper.give(Task(work, lambda: None))
    helper.give(Task(lambda: done.append("second"), lambda: None))
    assert begun.wait(60)
    closing = threading.Thread(target=helper.close)
    helper._closed = True
    closing.start()
    go.set()
    closing.join(60)
    assert done == ["first"]
    assert not helper._thread.is_alive()
    helper.close()


def test_what_is_dropped_before_its_turn_is_not_begun() -> None:
    ran: list[str] = []
    dropped, kept = Task(lambda: ran.append("dropped"), lambda: None), Task(lambda: ran.append("kept"), lambda: None)
    dropped.drop()
    for task in (dropped, kept):
        Inline().give(task)
    assert ran == ["kept"] and not dropped.done


def test_a_helper_without_work_has_no_thread() -> None:
    before = set(threading.enumerate())
    Helper("helper").close()
    assert set(threading.enumerate()) == before
