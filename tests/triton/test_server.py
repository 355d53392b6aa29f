"""What a real Triton server says is what the runtime says by itself."""

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.triton.process import TritonProcess
from speechtrt.deploy.triton.backend.sequences import Answer
from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.asr.events import Final
from speechtrt.runtime.asr.offline import OfflineTranscriber
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.reference import VOICE, reference_engines
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.triton.conftest import EXAMPLES, IDLE_SECONDS, PROGRAMS, STREAMS, Program, parsed

pytestmark = pytest.mark.triton

TEXTS = [f"Please set timer number {n} to {n + 3} minutes." for n in range(12)]


def figure(server: TritonProcess, name: str, model: str) -> float:
    found = re.search(rf'^{name}{{[^}}]*model="{model}"[^}}]*}} (\S+)$', server.metrics(), re.MULTILINE)
    assert found, f"no {name} of {model}"
    return float(found[1])


def settles(server: TritonProcess, name: str, model: str, value: float) -> bool:
    """Whether a figure becomes `value`; models report once a second."""
    for _ in range(15):
        if figure(server, name, model) == value:
            return True
        time.sleep(0.2)
    return False


def test_models_are_warm_before_the_first_request(server: TritonProcess) -> None:
    time.sleep(1.5)
    for model in (VOICE, STREAMS):
        assert figure(server, "speechtrt_batches_total", model) > 0


def test_paced_concurrent_streams(server: TritonProcess, program: Program, recordings: dict[Path, Audio]) -> None:
    count = 16
    found = parsed(program(PROGRAMS / "streams.py", server.grpc, STREAMS, count, *recordings))
    with Transcriber.open(reference_engines(STREAMS), (560,), slots=2, workers=1) as transcriber:
        expected = []
        for audio in recordings.values():
            with transcriber.stream() as stream:
                stream.accept(audio.samples, audio.rate)
                stream.end()
                expected.append(tuple(event for event in stream if isinstance(event, Final)))
    for number, heard in enumerate(found):
        finals = expected[number % len(expected)]
        assert heard["text"] == " ".join(final.text for final in finals) != ""
        assert [e for e in heard["events"] if e["type"] == "final"] == parsed(Answer("", finals).document.decode())
        assert any(event["type"] == "partial" for event in heard["events"])
    assert figure(server, "speechtrt_batch_rows_total", STREAMS) > figure(server, "speechtrt_batches_total", STREAMS)


def test_concurrent_speeches_share_batches(server: TritonProcess, program: Program, tmp_path: Path) -> None:
    before = [figure(server, f"speechtrt_{name}_total", VOICE) for name in ("batches", "batch_rows")]
    chunks = parsed(program(PROGRAMS / "speeches.py", server.grpc, VOICE, tmp_path / "spoken.npz", *TEXTS))
    with Synthesizer.open(reference_engines(VOICE), slots=4) as synthesizer, np.load(tmp_path / "spoken.npz") as spoken:
        for number, text in enumerate(TEXTS):
            np.testing.assert_array_equal(spoken[str(number)], synthesizer.synthesize(text, seed=number).audio.samples)
    assert min(chunks) > 1, "sound comes while it is made"
    time.sleep(1.5)
    after = [figure(server, f"speechtrt_{name}_total", VOICE) for name in ("batches", "batch_rows")]
    assert (after[1] - before[1]) / (after[0] - before[0]) > 2


def test_the_example_of_a_live_stream(server: TritonProcess, program: Program, recordings: dict[Path, Audio]) -> None:
    path, audio = next(iter(recordings.items()))
    printed = program(EXAMPLES / "stream.py", path, "--model", STREAMS, "--url", server.grpc).splitlines()
    with Transcriber.open(reference_engines(STREAMS), slots=1) as transcriber:
        assert printed[-1] == transcriber.transcribe(audio).text
    assert parsed(printed[-2])["type"] == "final"


def test_the_example_of_a_voice(server: TritonProcess, program: Program, tmp_path: Path) -> None:
    program(EXAMPLES / "speak.py", TEXTS[0], tmp_path / "out.wav", "--seed", 3, "--url", server.grpc)
    with Synthesizer.open(reference_engines(VOICE), slots=1) as synthesizer:
        expected = synthesizer.synthesize(TEXTS[0], seed=3).audio
    found = read_audio(tmp_path / "out.wav")
    assert found.rate == expected.rate
    np.testing.assert_allclose(found.samples, np.clip(expected.samples, -1, 1), atol=2 / 32768)


def test_the_example_of_an_offline_model(
    server: TritonProcess, program: Program, recordings: dict[Path, Audio], offline: Path
) -> None:
    path, audio = next(iter(recordings.items()))
    printed = program(EXAMPLES / "transcribe.py", path, "--model", "offline", "--url", server.grpc).splitlines()
    with OfflineTranscriber.open(offline) as transcriber:
        said = transcriber.transcribe(audio)
    assert printed[-1] == said.text
    assert [parsed(line)["word"] for line in printed[:-1]] == [word.word for word in said.words]


@pytest.mark.parametrize("model", [f"{VOICE}_vocoder", "offline_encoder"])
def test_the_example_of_a_plain_model(
    server: TritonProcess, program: Program, tmp_path: Path, offline: Path, model: str
) -> None:
    random, inputs = np.random.default_rng(0), dict[str, Any]()
    if model.startswith(VOICE):
        engines, inputs = reference_engines(VOICE), {"mel": random.standard_normal((2, 40, 80)).astype(np.float32)}
    else:
        pcm = random.standard_normal((3, 8_000)).astype(np.float32)
        engines, inputs = offline, {"pcm": pcm, "samples": np.array([[8_000], [6_000], [7_000]], np.int64)}
    np.savez(tmp_path / "in.npz", **inputs)
    program(EXAMPLES / "infer.py", model, tmp_path / "in.npz", tmp_path / "out.npz", "--url", server.grpc)
    with open_backend(EngineFolder.open(engines), None).open(model.partition("_")[2]) as runner:
        expected = runner.run({name: v.reshape(-1) if v.dtype == np.int64 else v for name, v in inputs.items()})
    with np.load(tmp_path / "out.npz") as found:
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name].reshape(values.shape), values)


def test_refusals_say_why_and_harm_nobody(server: TritonProcess, program: Program) -> None:
    said = parsed(program(PROGRAMS / "refusals.py", server.grpc, VOICE, STREAMS))
    assert "no voice 'nobody'" in said["unknown voice"]
    assert "NaN" in said["NaN"]
    assert "start it again" in said["after NaN"]
    assert said["again"] == ""
    assert all(said[name] for name in ("empty text", "unknown language", "no sequence"))


def test_a_client_that_vanishes_gives_its_place_back(
    server: TritonProcess, program: Program, recordings: dict[Path, Audio]
) -> None:
    program(PROGRAMS / "vanishing.py", server.grpc, STREAMS, 5)
    assert settles(server, "speechtrt_active_streams", STREAMS, 5)
    time.sleep(IDLE_SECONDS)
    program(PROGRAMS / "streams.py", server.grpc, STREAMS, 1, next(iter(recordings)))
    assert settles(server, "speechtrt_active_streams", STREAMS, 0)


def test_a_speech_ends_when_its_client_leaves(server: TritonProcess, program: Program) -> None:
    rows = figure(server, "speechtrt_batch_rows_total", VOICE)
    program(PROGRAMS / "leaving.py", server.grpc, VOICE, " ".join(TEXTS * 20))
    assert settles(server, "speechtrt_active_streams", VOICE, 0)
    assert figure(server, "speechtrt_batch_rows_total", VOICE) - rows < 20 * len(TEXTS) * 30, "most was never spoken"
