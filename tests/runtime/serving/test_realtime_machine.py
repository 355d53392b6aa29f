"""A live session against a model of it: whatever a client sends, items add up."""

import asyncio
import contextlib
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.refusal import Refusal
from speechtrt.runtime.serving.realtime.messages import TRANSCRIPTION, Append, Clear, Commit, Request, parse
from speechtrt.runtime.serving.realtime.session import SHORTEST_TURN, Session
from tests.runtime.serving.fakes import FakeHearer, LoudnessDetector, text_of
from tests.runtime.serving.live import fake_service

RATE = 8000
ROUNDING = 0.0006
FORMAT = '{"type": "audio/pcm", "rate": 8000}'


class LiveSession(RuleBasedStateMachine):
    """Audio comes in whole tenths of a second, each loud or silent."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.events: list[dict[str, Any]] = []
        self.waiting = 0.0  # seconds that a client could commit
        self.manual = False
        self.turns: list[float] = []  # seconds of every turn that a client committed
        self.runner.run(self.open())

    async def open(self) -> None:
        service = fake_service(Limits(turn_seconds=3.0))
        hearer = service.catalogue.hearer(None)
        assert isinstance(hearer, FakeHearer)
        self.hearer = hearer
        self.session = Session(service, hearer, self.events.append, LoudnessDetector)
        await self.session.handle(parse(_update(f'"format": {FORMAT}')))

    def send(self, request: Request) -> bool:
        """Whether the session took it."""

        async def handle() -> bool:
            try:
                await self.session.handle(request)
            except Refusal:
                return False
            finally:
                for _ in range(5):
                    await asyncio.sleep(0)
            return True

        return self.runner.run(handle())

    @rule(tenths=st.integers(1, 8), loud=st.booleans())
    def append(self, tenths: int, loud: bool) -> None:
        level = 8000 if loud else 0
        sound = np.full(tenths * RATE // 10, level, "<i2").tobytes()
        if self.send(Append(sound)) and self.manual:
            self.waiting += tenths / 10

    @rule()
    def commit(self) -> None:
        taken = self.send(Commit())
        if self.manual:
            assert taken is (self.waiting >= SHORTEST_TURN)
            self.turns += [self.waiting] if taken else []
            self.waiting = 0.0

    @rule()
    def clear(self) -> None:
        assert self.send(Clear())
        self.waiting = 0.0
        assert self.hearer.active == 0

    @rule(text=st.sampled_from(['"format": {"type": "audio/pcm", "rate": 5}', '"turn_detection": 7', '"format": 1']))
    def mistake(self, text: str) -> None:
        before = len(self.events)
        with contextlib.suppress(Refusal):
            assert not self.send(parse(_update(text)))
        assert len(self.events) == before

    @rule(manual=st.booleans())
    @precondition(lambda self: self.hearer.active == 0)
    def choose_who_ends_turns(self, manual: bool) -> None:
        detection = "null" if manual else '{"type": "server_vad", "silence_duration_ms": 200}'
        assert self.send(parse(_update(f'"turn_detection": {detection}')))
        self.manual = manual

    @invariant()
    def every_item_adds_up(self) -> None:
        committed = [e for e in self.events if e["type"] == "input_audio_buffer.committed"]
        completed = {e["item_id"]: e for e in self.events if e["type"] == f"{TRANSCRIPTION}.completed"}
        assert [e["item_id"] for e in committed] == list(completed)
        assert [e["previous_item_id"] for e in committed] == [None, *(e["item_id"] for e in committed)][
            :-1
        ] or not committed
        for item, event in completed.items():
            deltas = [e["delta"] for e in self.events if e["type"] == f"{TRANSCRIPTION}.delta" and e["item_id"] == item]
            seconds = event["usage"]["seconds"]  # rounded, and a word ends with every tenth
            assert "".join(deltas) == event["transcript"]
            assert event["transcript"] in {text_of(max(0.0, seconds - ROUNDING)), text_of(seconds + ROUNDING)}

    @invariant()
    def only_an_open_turn_holds_a_slot(self) -> None:
        assert self.hearer.active <= 1

    @invariant()
    def turns_of_the_client_are_whole(self) -> None:
        lengths = [e["usage"]["seconds"] for e in self.events if e["type"] == f"{TRANSCRIPTION}.completed"]
        assert all(any(abs(turn - length) < 1e-6 for length in lengths) for turn in self.turns)

    def teardown(self) -> None:
        self.runner.run(self.session.close())
        self.runner.close()
        assert self.hearer.active == 0


def _update(sound: str) -> str:
    return f'{{"type": "session.update", "session": {{"type": "transcription", "audio": {{"input": {{{sound}}}}}}}}}'


TestLiveSession = LiveSession.TestCase
TestLiveSession.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_turn_may_begin_in_the_sample_in_which_the_last_one_was_cut() -> None:
    live = LiveSession()
    for tenths, loud in (
        (1, 0),
        (1, 1),
        (1, 0),
        (1, 0),
        (1, 0),
        (6, 0),
        (4, 0),
        (6, 1),
        (8, 1),
        (1, 0),
        (6, 1),
        (6, 1),
    ):
        live.append(tenths, bool(loud))
        live.every_item_adds_up()
    assert live.session.waiting
    live.teardown()
