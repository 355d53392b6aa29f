from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from speechtrt.benchmarks.tts.arrival import ALONE, Open, at_once
from speechtrt.benchmarks.tts.baseline import BaselineSide, PyTorchSpeaker
from speechtrt.benchmarks.tts.floor import CountCost
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.trial import Round, TtsTrial
from speechtrt.errors import CheckpointError
from tests.benchmarks.conftest import TINY_RULE

HOP_SECONDS = 256 / 16_000


@pytest.fixture(scope="module")
def speaker(tiny_baseline: BaselineSide) -> Iterator[PyTorchSpeaker]:
    threads = torch.get_num_threads()
    yield tiny_baseline()
    torch.set_num_threads(threads)


def spoken(speaker: PyTorchSpeaker, *utterances: Utterance) -> TtsTrial:
    return speaker.speak(Round("burst", utterances, at_once(len(utterances))))


def test_it_speaks_exactly_the_steps_that_were_asked_for(speaker: PyTorchSpeaker) -> None:
    trial = spoken(speaker, Utterance("hello there", 3), Utterance("a", 7))
    assert [r.audio_seconds for r in trial.requests] == pytest.approx([6 * HOP_SECONDS, 14 * HOP_SECONDS])
    assert trial.decoder_steps == 10


def test_requests_wait_for_each_other(speaker: PyTorchSpeaker) -> None:
    first, second = spoken(speaker, Utterance("hello", 4), Utterance("hello", 4)).requests
    assert 0 < first.latency_seconds < second.latency_seconds
    assert second.first_audio_seconds == second.latency_seconds


def test_alone_nobody_waits(speaker: PyTorchSpeaker) -> None:
    first, second = speaker.speak(Round("alone", (Utterance("hello", 4),) * 2, ALONE)).requests
    assert second.arrival_seconds >= first.arrival_seconds + first.latency_seconds - 1e-3


def test_requests_are_not_served_before_they_come(speaker: PyTorchSpeaker) -> None:
    trial = speaker.speak(Round("open", (Utterance("hello", 2),) * 2, Open((0.1, 1.5))))
    assert trial.wall_seconds > 1.5
    assert [r.arrival_seconds for r in trial.requests] == [0.1, 1.5]
    assert all(r.arrival_seconds + r.latency_seconds <= trial.wall_seconds for r in trial.requests)


def test_without_the_cache_every_step_sees_the_whole_past(tiny_baseline: BaselineSide) -> None:
    uncached = replace(tiny_baseline, name="eager-uncached", cache=False)()
    seen: list[int] = []
    layer = uncached.model.get_submodule("speecht5.decoder.wrapped_decoder.layers.0.self_attn")
    layer.register_forward_pre_hook(lambda _m, a, k: seen.append(k["hidden_states"].shape[1]), with_kwargs=True)
    trial = spoken(uncached, Utterance("hello", 4))
    assert seen == [1, 2, 3, 4]
    assert trial.requests[0].audio_seconds == pytest.approx(8 * HOP_SECONDS)
    assert trial.side == "eager-uncached"


def test_stages_add_up_to_the_wall_time(speaker: PyTorchSpeaker) -> None:
    trial = spoken(speaker, Utterance("hello", 30))
    assert set(trial.stage_seconds) == {"encoder", "decoder", "postnet", "vocoder", "other"}
    assert all(seconds > 0 for seconds in trial.stage_seconds.values())
    assert sum(trial.stage_seconds.values()) == pytest.approx(trial.wall_seconds)
    assert trial.stage_seconds["decoder"] > trial.stage_seconds["encoder"]


def test_it_follows_the_stop_rule(speaker: PyTorchSpeaker) -> None:
    longest = replace(TINY_RULE, stop_threshold=99.0, max_ratio=4.0)
    patient = PyTorchSpeaker(
        replace(speaker.side, rule=longest), speaker.model, speaker.vocoder, speaker.tokenizer, speaker.speaker
    )
    trial = spoken(patient, Utterance("hello"))
    tokens = len(speaker.tokenizer("hello").input_ids)
    assert trial.decoder_steps == tokens * 4 // 2


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        BaselineSide(str(tmp_path), TINY_RULE, 1, 0)()


def test_weights_of_a_step_are_counted_once(speaker: PyTorchSpeaker) -> None:
    cost = CountCost(("hello", "you"))(speaker)
    hidden, ffn, mels, units, speaker_dim, layers = 32, 48, 8, 16, 6, 2
    prenet = mels * units + units * units + units * hidden + (hidden + speaker_dim) * hidden
    layer = 6 * hidden * hidden + 2 * hidden * ffn  # q, k, v, o of the past; q, o of the text; two of the ffn
    heads = hidden * mels * 2 + hidden * 2
    assert cost.decoder_weights == prenet + layers * layer + heads
    assert cost.tokens == len("hello") + len("you") + 2 + 2  # each with its word mark and end
    assert cost.frame_seconds == HOP_SECONDS
    assert cost.rates.flops_per_second > 1e8
