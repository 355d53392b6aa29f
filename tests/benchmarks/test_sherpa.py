"""sherpa-onnx as a peer: what it is given, what it reads, and which settings are its best."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import read_audio
from speechtrt.benchmarks.stream import sherpa
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.near_ties import FLOOR, near_tie, with_floor
from speechtrt.benchmarks.stream.peer import PeerLoad, PeerTexts
from speechtrt.benchmarks.stream.sherpa import (
    Models,
    SherpaModel,
    SherpaServer,
    SherpaSettings,
    expect_sherpa,
    read_alone,
)
from speechtrt.benchmarks.stream.sherpa_files import WriteFiles
from speechtrt.benchmarks.stream.sherpa_tuning import Tried, best
from speechtrt.errors import BenchmarkError
from speechtrt.export.families.fastconformer_parity import offline
from speechtrt.export.families.mel import GUARD
from speechtrt.models.ctc import load_ctc
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.precision import Precision
from speechtrt.runtime.asr.decoding.base import Frames, Labels
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.decoding.words import words
from speechtrt.runtime.asr.encoder import label_texts
from speechtrt.runtime.pieces import read_pieces

ROOT = Path(__file__).parents[2]
CHECKPOINT = ROOT / "speechtrt" / "models" / "weights" / "ctc-small"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return WriteFiles(str(CHECKPOINT), tmp_path_factory.mktemp("sherpa"))(None)


@pytest.mark.parametrize(("chunk", "frames"), [(160, 2), (560, 7)])
def test_it_reads_what_the_model_reads_offline_where_no_hair_decides(models: Models, chunk: int, frames: int) -> None:
    samples = [read_audio(utterance.path).resampled(RATE).samples for utterance in evaluation_utterances()[:12]]
    pieces = read_pieces(CHECKPOINT / "tokenizer.model")
    labels = Labels(label_texts(pieces, len(pieces) + 1, len(pieces)), len(pieces))
    network, expected = load_ctc(CHECKPOINT), []
    for pcm in samples:
        decoder = GreedyDecoder(labels)
        decoder.accept(Frames.of(offline(network, pcm, frames - 1)))
        expected.append(" ".join(w.word for w in words(decoder.finish()[0].tokens, labels.texts, 0.08, 100.0)))
    assert len(set(expected)) == len(expected)
    found = read_alone(models[chunk, Precision.FP32], samples)
    different = [a != b for a, b in zip(found, expected, strict=True)]
    ties = [near_tie(network, pcm, frames) for pcm in samples]
    assert all(tie for tie, other in zip(ties, different, strict=True) if other)
    assert sum(different) <= 1 and sum(ties) <= len(ties) / 2


def test_a_floor_raises_what_is_below_it_and_nothing_else() -> None:
    energies = np.array([[0.0, FLOOR / 2, 2 * FLOOR, 1.0]])
    floored = np.exp(with_floor(np.log(energies + GUARD).astype(np.float32)))
    assert np.allclose(floored / np.maximum(energies, FLOOR), 1.0, atol=1e-4)


def test_many_streams_in_batches_read_what_each_reads_alone(models: Models) -> None:
    model = models[560, Precision.FP32]
    samples = [read_audio(utterance.path).resampled(RATE).samples for utterance in evaluation_utterances()[:6]]
    alone = read_alone(model, samples)
    server = SherpaServer.load(model, SherpaSettings(Precision.FP32, workers=2, threads=1, batch=4))
    connections = [server.connect() for _ in samples]
    with server.start():
        for start in range(0, max(map(len, samples)), 2560):
            for connection, pcm in zip(connections, samples, strict=True):
                if start < len(pcm):
                    connection.accept(pcm[start : start + 2560])
                    if start + 2560 >= len(pcm):
                        connection.end()
        while not all(connection.over for connection in connections):
            pass
        news = [connection.poll() for connection in connections]
        assert [n.final for n in news] == alone
        seconds = [len(pcm) / RATE for pcm in samples]
        assert all(abs(n.chunks[-1][0] - s) < 1.2 for n, s in zip(news, seconds, strict=True))
        assert server.state().rows == sum(len(n.chunks) for n in news)


@pytest.mark.parametrize("samples", [1, 2560, 16_000, 40_001])
def test_padding_is_just_enough_for_the_last_window(models: Models, samples: int) -> None:
    model = models[560, Precision.FP32]
    frames = (samples // 160 + 14) // 8

    def windows(zeros: int) -> int:
        recogniser = sherpa.open_recogniser(model, 1)
        stream = recogniser.create_stream()
        stream.accept_waveform(RATE, [0.0] * (sherpa.LEAD + samples + zeros))
        stream.input_finished()
        count = 0
        while recogniser.is_ready(stream):
            recogniser.decode_streams([stream])
            count += 1
        return count

    assert windows(model.padding(samples)) == -(-frames // 7)


def test_the_fastest_settings_that_leave_time_to_wait_are_the_best() -> None:
    slow = Tried(SherpaSettings(Precision.FP32, 2, 1, 4), 500.0, 0.01)
    fast, late = (
        replace(slow, settings=replace(slow.settings, batch=8), chunks_per_second=600.0),
        replace(slow, settings=replace(slow.settings, batch=32), chunks_per_second=700.0, step_seconds=0.06),
    )
    assert best([slow, fast, late], slo_seconds=0.1) == fast.settings
    assert best([late], slo_seconds=0.1) == late.settings


def test_texts_that_differ_without_a_near_tie_are_a_doubt() -> None:
    texts = (PeerTexts(160, 40, 2, 1, 9, 0), PeerTexts(560, 40, 2, 0, 16, 1))
    [doubt] = PeerLoad("sherpa-onnx", "2.0.1", {}, {}, texts).doubts()
    assert doubt == "sherpa-onnx: 1 of 40 texts of 560 ms in FP32 differ without a near tie"


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sherpa, "find_spec", lambda _name: None)
    with pytest.raises(BenchmarkError, match=r"needs it: pip install 'speechtrt\[bench\]'"):
        expect_sherpa()


def test_a_chunk_needs_as_much_audio_as_ours() -> None:
    assert SherpaModel(Path(), Path(), 56, 7).lookahead_seconds == pytest.approx(-0.0575)
    assert SherpaModel(Path(), Path(), 56, 7).seconds == 0.56
    assert np.isclose(SherpaModel(Path(), Path(), 16, 2).seconds, 0.16)
