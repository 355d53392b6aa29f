"""A server that is late for those it serves lets nobody else in."""

import asyncio
from contextlib import ExitStack

import pytest

from speechtrt.runtime.serving.core.lateness import FEW, Lateness
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.refusal import RETRY_SECONDS, Reason, Refusal
from tests.runtime.serving.live import serving
from tests.runtime.serving.realtime_client import MANUAL, TRANSCRIPTION, Client, opened, tone
from tests.runtime.serving.test_speech import SPEECH, counted

LIMIT = 0.02


def noted(lateness: Lateness, *lags: float) -> bool:
    for lag in lags:
        lateness.note(lag, LIMIT)
    return lateness.late


def test_the_door_closes_above_the_limit_and_opens_below_half_of_it() -> None:
    told: list[float] = []
    lateness = Lateness(told.append)
    assert not noted(lateness, *[0.019] * 50)
    assert noted(lateness, *[0.022] * 50)
    assert noted(lateness, *[0.011] * 50)
    assert not noted(lateness, *[0.009] * 50)
    assert not noted(lateness, *[0.019] * 50)
    assert told[-1] == 0.022


def test_a_burst_of_two_looks_closes_nothing() -> None:
    assert not noted(Lateness(lambda _: None), 0.0, 0.035, 0.035, 0.0)


def test_a_late_server_is_late_at_once() -> None:
    assert noted(Lateness(lambda _: None), 1.0)


def test_few_are_never_to_blame() -> None:
    lateness = Lateness(lambda _: None)
    lateness.expect_in_time(FEW)
    noted(lateness, 1.0)
    lateness.expect_in_time(FEW - 1)
    with pytest.raises(Refusal, match="300 ms late") as refused:
        lateness.expect_in_time(FEW)
    assert (refused.value.reason, refused.value.retry_after) == (Reason.BUSY, RETRY_SECONDS)


def test_who_is_in_is_served_and_who_comes_hears_when_to_come_back() -> None:
    with serving(Limits(per_key=2 * FEW), slots=2 * FEW) as live, opened(live) as socket, live.client() as http:
        client = Client(socket)
        client.expect("session.created")
        client.update(**MANUAL)

        async def be_late() -> ExitStack:
            held = ExitStack()
            for _ in range(FEW):
                held.enter_context(live.service.admitted(live.hearer, "key"))
            live.service.lagged(1.0)
            return held

        async def leave(held: ExitStack) -> None:
            held.close()

        held = asyncio.run_coroutine_threadsafe(be_late(), live.loop).result(10)
        for _ in range(2):
            with opened(live, additional_headers={"x-request-id": "mine-1"}) as other:
                assert Client(other).code() == 1013
                assert other.response and other.response.headers["x-request-id"] == "mine-1"
        assert 'speechtrt_shed_total{engine="fake",model="tiny-ctc",reason="busy",version="v1"} 2.0' in counted(live)
        response = http.post("/v1/audio/speech", json=SPEECH)
        assert (response.status_code, response.headers["retry-after-ms"]) == (429, "1000")
        client.append(tone(0.3))
        client.send("input_audio_buffer.commit")
        client.until(f"{TRANSCRIPTION}.completed")
        asyncio.run_coroutine_threadsafe(leave(held), live.loop).result(10)


def test_rung_5_refuses_whoever_comes_and_nobody_who_is_in() -> None:
    with serving() as live, opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        client.update(**MANUAL)
        live.hearer.rung = 5
        with opened(live) as other:
            assert Client(other).code() == 1013
        client.append(tone(0.3))
        client.send("input_audio_buffer.commit")
        client.until(f"{TRANSCRIPTION}.completed")
        live.hearer.rung = 4
        with opened(live) as later:
            Client(later).expect("session.created")
