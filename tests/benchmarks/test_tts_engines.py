"""Load on a real synthesizer over tiny engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from speechtrt.benchmarks.tts.arrival import ALONE, Closed, Open, Static, at_once
from speechtrt.benchmarks.tts.engines import EngineSide, EngineSpeaker
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.trial import Round

SLOTS = 2
STEP_SECONDS = 2 * 256 / 16_000


@pytest.fixture(scope="module", params=[False, True], ids=["in turn", "overlapped"])
def speaker(request: pytest.FixtureRequest, tiny_tts_engines: Path) -> Iterator[EngineSpeaker]:
    opened = EngineSide("tiny", tiny_tts_engines, SLOTS, 1, seed=3, overlap=request.param)()
    yield opened
    opened.synthesizer.synthesizer.close()


def said(*steps: int) -> tuple[Utterance, ...]:
    return tuple(Utterance("hello there everyone", n) for n in steps)


def test_a_burst_is_spoken_whole(speaker: EngineSpeaker) -> None:
    trial = speaker.speak(Round("burst", said(3, 7, 5), at_once(3)))
    assert [r.utterance for r in trial.requests] == [0, 1, 2]
    assert [r.audio_seconds for r in trial.requests] == pytest.approx([n * STEP_SECONDS for n in (3, 7, 5)])
    assert all(0 < r.first_audio_seconds <= r.latency_seconds <= trial.wall_seconds for r in trial.requests)
    assert 8 <= trial.decoder_steps <= 15
    assert 0.5 <= trial.batch_fill <= 1.0
    assert {"encoder", "decoder", "postnet", "vocoder", "scheduler", "other"} <= set(trial.stage_seconds)


def test_requests_come_when_they_are_due(speaker: EngineSpeaker) -> None:
    trial = speaker.speak(Round("open", said(3, 3), Open((0.05, 0.3)), interactive=True))
    assert [r.arrival_seconds for r in trial.requests] == [0.05, 0.3]
    assert trial.wall_seconds >= 0.3
    assert all(r.arrival_seconds + r.latency_seconds <= trial.wall_seconds for r in trial.requests)


def test_alone_means_one_after_the_other(speaker: EngineSpeaker) -> None:
    trial = speaker.speak(Round("alone", said(4, 4, 4), ALONE, interactive=True))
    ends = [r.arrival_seconds + r.latency_seconds for r in trial.requests]
    assert len(ends) == 3
    assert all(r.arrival_seconds >= end - 1e-3 for r, end in zip(trial.requests[1:], ends[:-1], strict=True))


def test_of_many_users_the_steady_part_counts(speaker: EngineSpeaker) -> None:
    trial = speaker.speak(Round("saturated", said(*([6] * 24)), Closed(4)))
    assert 12 <= len(trial.requests) <= 24 - 1 - 2
    assert trial.batch_fill > 0.6  # steps of a tiny model are over before the next sentence is encoded


def test_static_batches_are_padded_and_end_together(speaker: EngineSpeaker) -> None:
    trial = speaker.speak(Round("static", said(4, 10, 6, 6), Static(2)))
    first, second, third, fourth = trial.requests
    assert first.latency_seconds == second.latency_seconds < third.latency_seconds == fourth.latency_seconds
    assert [r.audio_seconds for r in trial.requests] == pytest.approx([n * STEP_SECONDS for n in (4, 10, 6, 6)])
    assert 16 <= trial.decoder_steps <= 2 * 16  # those of the longest of each batch, were all admitted at once
    assert trial.decoder_steps * trial.batch_fill * SLOTS == pytest.approx(2 * 10 + 2 * 6)
