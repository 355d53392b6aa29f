"""Time per stage."""

import time

import pytest

from speechtrt.runtime.clock import StageClock


def test_seconds_calls_and_rows_add_up() -> None:
    moments = iter([0.0, 1.0, 5.0, 7.0, 10.0, 10.5])
    clock = StageClock(lambda: next(moments))
    for stage, rows in (("decoder", 4), ("decoder", 2), ("vocoder", 1)):
        with clock.measure(stage, rows):
            pass
    decoder, vocoder = clock.times()
    assert (decoder.seconds, decoder.calls, decoder.rows, decoder.rows_per_call) == (3.0, 2, 6, 3.0)
    assert (vocoder.stage, vocoder.seconds) == ("vocoder", 0.5)


def test_a_failing_stage_is_counted() -> None:
    clock = StageClock(iter([0.0, 1.0]).__next__)
    with pytest.raises(KeyError), clock.measure("encoder"):
        raise KeyError
    assert clock.time("encoder").calls == 1


def test_reset_forgets() -> None:
    clock = StageClock()
    with clock.measure("encoder"):
        pass
    clock.reset()
    assert clock.times() == ()
    assert clock.time("encoder").rows_per_call == 0


def test_own_time_is_without_waiting_and_without_the_stages_inside() -> None:
    clock = StageClock()
    with clock.measure("scheduler"):
        time.sleep(0.05)
        with clock.measure("decoder"):
            busy_until = time.thread_time() + 0.05
            while time.thread_time() < busy_until:
                pass
    scheduler, decoder = clock.time("scheduler"), clock.time("decoder")
    assert scheduler.seconds >= 0.05 > 0.02 > scheduler.own_seconds >= 0
    assert decoder.own_seconds >= 0.05


def test_laps_are_calls_of_one_stage_without_what_lies_between() -> None:
    moments = iter([0.0, 1.0, 2.0, 5.0, 7.0, 11.0])
    clock = StageClock(lambda: next(moments))
    with clock.measure("scheduler"), clock.laps("decoder", rows=3) as laps:
        for ended in (2.0, 7.0):
            laps.begin()
            laps.end()
            assert laps.ended == ended
    scheduler, decoder = clock.time("scheduler"), clock.time("decoder")
    assert (decoder.seconds, decoder.calls, decoder.rows) == (3.0, 2, 6)
    assert scheduler.seconds == 11.0 - 3.0


def test_a_lap_that_fails_is_counted() -> None:
    clock = StageClock(iter([0.0, 1.0, 2.0, 4.0]).__next__)
    with pytest.raises(KeyError), clock.laps("decoder") as laps:
        laps.begin()
        laps.end()
        laps.begin()
        raise KeyError
    decoder = clock.time("decoder")
    assert (decoder.calls, decoder.seconds) == (2, 3.0)


def test_laps_own_time_is_not_that_of_the_stage_around_them() -> None:
    clock = StageClock()
    with clock.measure("scheduler"), clock.laps("decoder") as laps:
        laps.begin()
        busy_until = time.thread_time() + 0.05
        while time.thread_time() < busy_until:
            pass
        laps.end()
    scheduler, decoder = clock.time("scheduler"), clock.time("decoder")
    assert decoder.own_seconds >= 0.05 > 0.02 > scheduler.own_seconds >= 0
