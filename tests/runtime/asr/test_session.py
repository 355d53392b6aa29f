"""Frames to partials and finals: endpoints, times, and words that a cut must not tear."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speechtrt.runtime.asr.decoding.base import Frames, Hypothesis, Labels, Token
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.endpoint import Endpointer, Endpointing, EndpointRule
from speechtrt.runtime.asr.events import Cause, Event, Final, Partial
from speechtrt.runtime.asr.session import Session

LABELS = Labels(("\u2581he", "llo", "\u2581you", ""), blank=3)
HE, LLO, YOU, BLANK = range(4)
SECOND = 10  # frames


class Listener:
    def __init__(self, rules: tuple[EndpointRule, ...] = ()) -> None:
        self.events: list[Event] = []
        endpointer = Endpointer(Endpointing(rules), 1 / SECOND)
        self.session = Session(LABELS, 1 / SECOND, GreedyDecoder(LABELS), endpointer, self.events.append)

    def hear(self, labels: Sequence[int], chunk: int = 7) -> None:
        for start in range(0, len(labels), chunk):
            part = labels[start : start + chunk]
            log_probs = np.full((len(part), 4), -9.0, np.float32)
            log_probs[np.arange(len(part)), part] = -0.5
            self.session.hear(Frames.of(log_probs, self.session.next_frame))

    @property
    def finals(self) -> list[Final]:
        return [event for event in self.events if isinstance(event, Final)]


def test_silence_after_speech_ends_an_utterance_at_its_frame() -> None:
    listener = Listener((EndpointRule(silence=1.2, speech=True),))
    listener.hear([BLANK] * 30 + [HE, LLO] + [BLANK] * 12 + [YOU] + [BLANK] * 11)
    [final] = listener.finals
    assert (final.text, final.start, final.end, final.cause) == ("hello", 3.0, 3.2, Cause.SILENCE)
    listener.session.finish(5.6)
    assert [(f.utterance, f.text, f.cause) for f in listener.finals[1:]] == [(1, "you", Cause.END)]


def test_silence_alone_says_nothing_for_ever() -> None:
    listener = Listener(Endpointing().rules)
    listener.hear([BLANK] * 36_000)
    listener.session.finish(3600.0)
    assert listener.events == []


def test_a_long_utterance_is_cut_before_its_last_word() -> None:
    listener = Listener((EndpointRule(length=2.0),))
    listener.hear([HE, LLO] + [BLANK] * 16 + [YOU, BLANK, HE, LLO, BLANK])
    assert [(f.text, f.cause) for f in listener.finals] == [("hello", Cause.LENGTH)]
    listener.session.finish(2.3)
    assert [f.text for f in listener.finals] == ["hello", "you hello"]


def test_a_word_without_end_is_cut_at_last() -> None:
    listener = Listener((EndpointRule(length=1.0),))
    listener.hear([LLO, BLANK] * 200)
    assert len(listener.finals) > 5
    assert len(listener.session._carried) <= 30


@settings(max_examples=60)
@example([HE] * 14, 1)  # one label held across the cut
@given(st.lists(st.sampled_from([HE, LLO, YOU, BLANK, BLANK, BLANK]), max_size=120), st.integers(1, 9))
def test_cuts_by_length_lose_and_tear_nothing(labels: list[int], chunk: int) -> None:
    whole, cut = Listener(), Listener((EndpointRule(length=1.5),))
    words = []
    for listener in (whole, cut):
        listener.hear([YOU, BLANK, *labels], chunk)
        listener.session.finish(100.0)
        words.append([word for final in listener.finals for word in final.words])
    texts = ["".join(word.word for word in found) for found in words]
    assert texts[0] == texts[1]
    if max((len(w.word) for w in words[0]), default=0) < 12:
        assert words[0] == words[1]


def test_partials_come_only_when_something_changed() -> None:
    listener = Listener()
    listener.hear([BLANK] * 7 + [HE] * 7 + [HE, BLANK] * 7 + [BLANK] * 70)
    assert [event.text for event in listener.events if isinstance(event, Partial)][:1] == ["he"]
    assert len(listener.events) == 3  # the second chunk, and the two chunks with new tokens


def test_what_may_change_is_told_apart() -> None:
    listener = Listener()
    listener.session.decoder = _Scripted([([], [HE]), ([], [YOU]), ([HE], [LLO]), ([HE, LLO], [YOU])])
    listener.hear([BLANK] * 4, chunk=1)
    shown = [(e.stable, e.unstable) for e in listener.events if isinstance(e, Partial)]
    assert shown == [("", "he"), ("", "you"), ("he", "llo"), ("hello", " you")]


class _Scripted:
    """A decoder that says what it was told to say."""

    def __init__(self, script: list[tuple[list[int], list[int]]]) -> None:
        self._script = iter(script)
        self.stable: list[Token] = []
        self.unstable: list[Token] = []

    def accept(self, frames: Frames) -> None:
        stable, unstable = next(self._script)
        self.stable = [Token(label, 0, 0, -0.5) for label in stable]
        self.unstable = [Token(label, 0, 0, -0.5) for label in unstable]

    def finish(self, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
        return [Hypothesis([*self.stable, *self.unstable], 0.0)]

    def narrow(self, on: bool) -> None:
        """It does nothing anyway."""


@pytest.mark.parametrize(
    ("rule", "frames"),
    [
        (EndpointRule(silence=2.4), 24),
        (EndpointRule(silence=1.2, speech=True), None),
        (EndpointRule(length=20.0), 200),
        (EndpointRule(silence=0.5, length=3.0), 30),
    ],
)
def test_each_rule_holds_at_its_frame_of_silence(rule: EndpointRule, frames: int | None) -> None:
    endpointer = Endpointer(Endpointing((rule,)), 0.1)
    causes = [endpointer.accept(blank=True) for _ in range(300)]
    first = next((index for index, cause in enumerate(causes, 1) if cause), None)
    assert first == frames
