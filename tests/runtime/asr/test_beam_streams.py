"""Beam search in streams: partials that only grow, the recording's result live, whoever the neighbours are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.audio import Audio
from speechtrt.runtime.asr.decoding.base import Frames, Labels, LogProbs
from speechtrt.runtime.asr.decoding.decoders import Decoders
from speechtrt.runtime.asr.decoding.options import DecodingOptions, HotPhrase
from speechtrt.runtime.asr.decoding.shipped import language_model_file
from speechtrt.runtime.asr.endpoint import Endpointer, Endpointing, EndpointRule
from speechtrt.runtime.asr.events import Cause, Event, Final, Partial
from speechtrt.runtime.asr.options import RECORDING, StreamOptions
from speechtrt.runtime.asr.session import Session
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.asr.streams import finish, words_of

LABELS = Labels(("\u2581he", "llo", "\u2581you", "\u2581", "a", ""), blank=5)
BLANK = 5
OPTIONS = DecodingOptions(beam=6, hot_words=(HotPhrase("you hello"),), alternatives=3)
SILENCE = (EndpointRule(silence=0.8, speech=True),)


def random_frames(frames: int, seed: int) -> LogProbs:
    """Speech as an encoder sees it: mostly sure, now and then not, and often silent."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, rng.choice([1.0, 3.0, 6.0], (frames, 1)), (frames, 6))
    logits[:, BLANK] += np.repeat(rng.choice([0.0, 2.0, 30.0], frames // 10 + 1), 10)[:frames]
    return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)), np.float32)


def hear(log_probs: LogProbs, chunk: int, rules: tuple[EndpointRule, ...]) -> list[Event]:
    events: list[Event] = []
    decoder = Decoders.open(LABELS, OPTIONS).decoder()
    session = Session(LABELS, 0.1, decoder, Endpointer(Endpointing(rules), 0.1), events.append)
    for start in range(0, len(log_probs), chunk):
        session.hear(Frames.of(log_probs[start : start + chunk], session.next_frame))
    session.finish(len(log_probs) / 10)
    return events


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(0, 999), st.integers(1, 9), st.sampled_from([(), SILENCE]))
def test_the_deltas_of_an_utterance_are_its_transcript(
    frames: int, seed: int, chunk: int, rules: tuple[EndpointRule, ...]
) -> None:
    said = ""
    for event in hear(random_frames(frames, seed), chunk, rules):
        assert isinstance(event, Partial | Final)
        shown = event.text if isinstance(event, Final) else event.stable
        assert shown.startswith(said)
        said += shown[len(said) :]
        if isinstance(event, Final):
            assert said == event.text == " ".join(word.word for word in event.words)
            assert not event.alternatives or event.alternatives[0].words == event.words
            said = ""
    assert said == ""


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.integers(0, 999), st.integers(1, 9))
def test_finals_do_not_depend_on_the_chunk(frames: int, seed: int, chunk: int) -> None:
    log_probs = random_frames(frames, seed)
    pieces, whole = (hear(log_probs, size, SILENCE) for size in (chunk, frames))
    assert [e for e in pieces if isinstance(e, Final)] == [e for e in whole if isinstance(e, Final)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 150), st.integers(0, 999))
def test_a_cut_by_length_tears_no_word(frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_probs = np.full((frames, 6), -12.0, np.float32)
    log_probs[np.arange(frames), rng.choice(6, frames, p=[0.1, 0.1, 0.1, 0.05, 0.05, 0.6])] = -0.01
    whole, cut = (hear(log_probs, 7, rules) for rules in ((), (EndpointRule(length=1.5),)))
    texts = ["".join(word.word for word in words_of(events)) for events in (whole, cut)]
    assert texts[0] == texts[1]
    assert all(e.alternatives[0].text == e.text for e in cut if isinstance(e, Final) and e.alternatives)


def test_silence_ends_an_utterance_and_the_next_begins_afresh() -> None:
    log_probs = np.full((60, 6), -12.0, np.float32)
    log_probs[:, BLANK] = -0.01
    for frame, label in ((5, 0), (6, 1), (40, 2)):
        log_probs[frame] = -12.0
        log_probs[frame, label] = -0.01
    finals = [event for event in hear(log_probs, 7, SILENCE) if isinstance(event, Final)]
    assert [(f.text, f.cause, f.start) for f in finals] == [
        ("hello", Cause.SILENCE, 0.5),
        ("you", Cause.SILENCE, 4.0),
    ]


@pytest.mark.parametrize("chunk", [160, 560])
def test_a_live_stream_hears_what_a_recording_does_beside_any_neighbour(tiny_ctc_engines: Path, chunk: int) -> None:
    decoding = DecodingOptions(8, language_model_file("words"), alternatives=3)
    random = np.random.default_rng(chunk)
    pcm, other = (random.standard_normal(60_000).astype(np.float32) * 0.2 for _ in range(2))
    with Transcriber.open(tiny_ctc_engines, (chunk,), slots=4, workers=1, decoding=decoding) as transcriber:
        whole = transcriber.transcribe(Audio(pcm, 16_000))
        assert whole.words and len(whole.alternatives) == 3
        live = StreamOptions(endpointing=Endpointing(()))
        stream, beside = transcriber.stream(live), transcriber.stream(replace(RECORDING, decoding=DecodingOptions(2)))
        for piece in np.split(pcm, np.sort(random.integers(0, len(pcm), 30))):
            stream.accept(piece, 16_000)
            beside.accept(other[: len(piece)], 16_000)
        [final] = [event for event in finish(stream) if isinstance(event, Final)]
        assert (final.words, final.alternatives) == (whole.words, whole.alternatives)
