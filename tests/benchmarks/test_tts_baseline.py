from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from speechtrt.benchmarks.tts.baseline import BaselineSide, PyTorchSpeaker
from speechtrt.benchmarks.tts.floor import CountCost
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.errors import CheckpointError
from tests.benchmarks.conftest import TINY_RULE

HOP_SECONDS = 256 / 16_000


@pytest.fixture(scope="module")
def speaker(tiny_baseline: BaselineSide) -> Iterator[PyTorchSpeaker]:
    threads = torch.get_num_threads()
    yield tiny_baseline()
    torch.set_num_threads(threads)


def test_it_speaks_exactly_the_steps_that_were_asked_for(speaker: PyTorchSpeaker) -> None:
    trial = speaker.speak((Utterance("hello there", 3), Utterance("a", 7)), alone=(1,))
    assert trial.audio_seconds == pytest.approx((6 * HOP_SECONDS, 14 * HOP_SECONDS))
    assert trial.decoder_steps == 10


def test_requests_wait_for_each_other(speaker: PyTorchSpeaker) -> None:
    trial = speaker.speak((Utterance("hello", 4), Utterance("hello", 4)), alone=(0, 1))
    first, second = trial.latency_seconds
    assert 0 < first < second <= trial.wall_seconds
    assert [s.latency_seconds for s in trial.singles] == pytest.approx([first, second - first])


def test_stages_add_up_to_the_wall_time(speaker: PyTorchSpeaker) -> None:
    trial = speaker.speak((Utterance("hello", 30),), alone=(0,))
    assert set(trial.stage_seconds) == {"encoder", "decoder", "postnet", "vocoder", "other"}
    assert all(seconds > 0 for seconds in trial.stage_seconds.values())
    assert sum(trial.stage_seconds.values()) == pytest.approx(trial.wall_seconds)
    assert trial.stage_seconds["decoder"] > trial.stage_seconds["encoder"]


def test_it_follows_the_stop_rule(speaker: PyTorchSpeaker) -> None:
    longest = replace(TINY_RULE, stop_threshold=99.0, max_ratio=4.0)
    patient = PyTorchSpeaker(
        replace(speaker.side, rule=longest), speaker.model, speaker.vocoder, speaker.tokenizer, speaker.speaker
    )
    trial = patient.speak((Utterance("hello"),), alone=(0,))
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
