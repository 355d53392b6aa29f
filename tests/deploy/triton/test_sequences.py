"""Sequences of requests, as Triton sends them, are heard as our own streams are."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Samples
from speechtrt.deploy.triton.backend.sequences import Answer, Piece, Sequences
from speechtrt.errors import AudioError, CapacityError, RequestError, SpeechTRTError
from speechtrt.runtime.asr.events import Cause, Event, Final
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Word
from tests.runtime.asr.test_stream_engines import sound

RATE, PACKET, SLOTS = 16_000, 2_560, 3


@pytest.fixture(scope="module")
def transcriber(tiny_ctc_engines: Path) -> Iterator[Transcriber]:
    with Transcriber.open(tiny_ctc_engines, (160,), slots=SLOTS, workers=1, wait_seconds=0.0) as transcriber:
        yield transcriber


@pytest.fixture
def time() -> list[float]:
    return [0.0]


@pytest.fixture
def sequences(transcriber: Transcriber, time: list[float]) -> Iterator[Sequences]:
    with Sequences(transcriber, idle_seconds=10.0, now=lambda: time[0]) as sequences:
        yield sequences


def piece(sequence: int, samples: Samples, *, start: bool = False, end: bool = False) -> Piece:
    return Piece(sequence, start, end, samples)


def answers(found: list[Answer | SpeechTRTError]) -> list[Answer]:
    assert all(isinstance(one, Answer) for one in found), found
    return [one for one in found if isinstance(one, Answer)]


def alone(transcriber: Transcriber, samples: Samples) -> list[Event]:
    """The finals of a stream of our own."""
    with transcriber.stream() as stream:
        stream.accept(samples, RATE)
        stream.end()
        return [event for event in stream if isinstance(event, Final)]


def test_sequences_side_by_side_are_heard_as_streams(transcriber: Transcriber, sequences: Sequences) -> None:
    sounds = {number: sound(40_000 + 999 * number, seed=number) for number in range(SLOTS)}
    heard: dict[int, list[Event]] = {number: [] for number in sounds}
    for first in range(0, 45_000, PACKET):
        here = [number for number, samples in sounds.items() if first < len(samples)]
        batch = [
            piece(n, sounds[n][first : first + PACKET], start=first == 0, end=first + PACKET >= len(sounds[n]))
            for n in here
        ]
        for number, answer in zip(here, answers(sequences.hear(batch)), strict=True):
            heard[number] += answer.events
    finals = {number: [event for event in events if isinstance(event, Final)] for number, events in heard.items()}
    assert finals == {number: alone(transcriber, samples) for number, samples in sounds.items()}
    assert all(finals.values())


def test_an_answer_has_what_its_own_samples_said(transcriber: Transcriber, sequences: Sequences) -> None:
    samples = sound(40_000)
    chunks = transcriber.clock.time("encoder").rows
    sequences.hear([piece(1, samples, start=True)])
    heard = transcriber.clock.time("encoder").rows - chunks
    lead, shift, window = _chunk(transcriber)
    assert heard == (len(samples) + lead - window) // shift + 1


def _chunk(transcriber: Transcriber) -> tuple[int, int, int]:
    assert transcriber.model.ctc
    [chunk] = [c for c in transcriber.model.ctc.chunks if c.milliseconds == 160]
    return chunk.lead, chunk.shift, chunk.window


def test_one_batch_for_all(transcriber: Transcriber, sequences: Sequences) -> None:
    before = transcriber.clock.time("encoder")
    sequences.hear([piece(n, sound(PACKET + 1_000, seed=n), start=True) for n in range(SLOTS)])
    after = transcriber.clock.time("encoder")
    assert (after.calls - before.calls, after.rows - before.rows) == (1, SLOTS)


def test_the_text_grows_to_all_finals(transcriber: Transcriber, sequences: Sequences) -> None:
    samples = sound(64_000)
    begun, done = (
        answers(sequences.hear([part]))[0]
        for part in (piece(1, samples[:48_000], start=True), piece(1, samples[48_000:], end=True))
    )
    finals = [event.text for event in alone(transcriber, samples) if isinstance(event, Final)]
    assert done.text == " ".join(finals)
    assert done.text.startswith(begun.text[:5])


def test_more_than_a_buffer_at_once_is_heard(transcriber: Transcriber, sequences: Sequences) -> None:
    samples = sound(35 * RATE)
    [answer] = answers(sequences.hear([piece(1, samples, start=True, end=True)]))
    assert [event for event in answer.events if isinstance(event, Final)] == alone(transcriber, samples)


def test_a_sequence_must_begin(sequences: Sequences) -> None:
    [error] = sequences.hear([piece(4, sound(100))])
    assert isinstance(error, RequestError)
    assert "start it again" in str(error)


def test_nobody_beyond_the_slots(sequences: Sequences) -> None:
    found = sequences.hear([piece(n, sound(100), start=True) for n in range(SLOTS + 1)])
    assert isinstance(found[-1], CapacityError)
    answers(found[:-1])


def test_a_new_start_takes_the_place_of_the_same_sequence(sequences: Sequences) -> None:
    for _ in range(SLOTS + 1):
        answers(sequences.hear([piece(1, sound(100), start=True)]))


def test_who_is_silent_loses_the_place(sequences: Sequences, time: list[float]) -> None:
    sequences.hear([piece(n, sound(100), start=True) for n in range(SLOTS)])
    time[0] = 10.5
    answers(sequences.hear([piece(7, sound(100), start=True)]))
    [error] = sequences.hear([piece(0, sound(100))])
    assert isinstance(error, RequestError)


def test_bad_samples_end_their_own_sequence_only(sequences: Sequences) -> None:
    bad = np.full(100, np.nan, np.float32)
    found = sequences.hear([piece(1, bad, start=True), piece(2, sound(100), start=True)])
    assert isinstance(found[0], AudioError)
    assert isinstance(found[1], Answer)


def test_events_are_json() -> None:
    said = Final(0, "a", (Word("a", 0.5, 0.75, 1.0),), 0.5, 0.75, Cause.END)
    [event] = json.loads(Answer("a", (said,)).document)
    assert (event["type"], event["text"], event["cause"]) == ("final", "a", "end")
    assert event["words"] == [{"word": "a", "start": 0.5, "end": 0.75, "confidence": 1.0}]
