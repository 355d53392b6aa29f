"""Engines that go wrong while they hear: the reference precision takes over, or the stream that is hit is told."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from speechtrt.artifact import sha256_file
from speechtrt.audio import Audio, Samples
from speechtrt.engine_set import ENGINE_FILE
from speechtrt.errors import BackendError
from speechtrt.runtime.asr.lanes import Plan
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.policy.guard import Guard, GuardPolicy
from speechtrt.runtime.policy.guarded_backend import GuardedBackend
from tests.runtime.asr.streams import RATE, ManyRunners, fake_transcriber, finish, noise, words_of
from tests.runtime.fakes import PIECES, FakeRunner, ctc_bundle, ctc_stages

Outputs = dict[str, Array]
Heard = list[tuple[Word, ...]]
POISONED = np.float32(0.625)  # how a stream begins that an engine has no numbers for


def spoiled(spoil: Callable[[Outputs, Outputs], None], calls: int = 0) -> dict[str, FakeRunner]:
    """Stages that are right for some calls, and then as `spoil` (inputs, outputs) leaves them."""
    runners = ctc_stages()
    runner, left = runners["step_160"], iter(range(calls))
    compute = runner.compute

    def wrong(inputs: Outputs) -> Outputs:
        outputs = compute(inputs)
        if next(left, None) is None:
            spoil(inputs, outputs)
        return outputs

    runner.compute = wrong
    return runners


def to_nothing(_: Outputs, outputs: Outputs) -> None:
    for name in ("log_probs", "conv_0_out"):
        outputs[name] = np.full_like(outputs[name], np.nan)


def to_others(_: Outputs, outputs: Outputs) -> None:
    outputs["log_probs"] = -outputs["log_probs"]


def only_poisoned(inputs: Outputs, outputs: Outputs) -> None:
    outputs["log_probs"][(inputs["pcm"] == POISONED).any(axis=1)] = np.nan


def guarded(runners: dict[str, FakeRunner], guard: Guard) -> Transcriber:
    bundle, backend = ctc_bundle(runners), GuardedBackend(ManyRunners(runners), ManyRunners(ctc_stages()), guard)
    return Transcriber.over(bundle, backend, PIECES, Plan((160,), 3, 3, 1, 0.0))


def hear(transcriber: Transcriber) -> Heard:
    with transcriber:
        streams = [transcriber.stream(RECORDING) for _ in range(3)]
        for number, stream in enumerate(streams):
            stream.accept(noise(30_000, number), RATE)
        return [words_of(finish(stream)) for stream in streams]


@pytest.fixture(scope="module")
def right() -> Heard:
    heard = hear(fake_transcriber())
    assert all(heard)
    return heard


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_shadow_runs_change_nothing(right: Heard, share: float) -> None:
    guard = Guard(GuardPolicy(share))
    assert hear(guarded(ctc_stages(), guard)) == right
    assert not guard.tripped and not any(guard.totals.values())


@pytest.mark.parametrize("calls", [0, 3])
def test_the_first_nan_is_never_heard(right: Heard, calls: int) -> None:
    guard = Guard(GuardPolicy(0.0))
    assert hear(guarded(spoiled(to_nothing, calls), guard)) == right
    assert guard.tripped and guard.totals["not finite"] == 1


def test_drift_is_seen_and_ended(right: Heard) -> None:
    guard = Guard(GuardPolicy(1.0))
    assert hear(guarded(spoiled(to_others), guard)) != right
    assert guard.tripped and (guard.totals["drift"], guard.totals["switched"]) == (2, 1)


def test_without_a_reference_only_the_stream_that_is_hit_ends() -> None:
    def heard_beside(runners: dict[str, FakeRunner]) -> tuple[Word, ...]:
        with fake_transcriber(runners=runners) as transcriber:
            hit, neighbour = transcriber.stream(), transcriber.stream()
            sound: Samples = noise(30_000)
            for piece in np.split(sound, 10):
                neighbour.accept(piece, RATE)
                with suppress(BackendError) if runners is wrong else nullcontext():  # it may end at any time
                    hit.accept(np.full(len(piece), POISONED), RATE)
            neighbours = words_of(finish(neighbour))
            if runners is wrong:
                with pytest.raises(BackendError, match="NaN"):
                    list(hit)
            return neighbours

    wrong = spoiled(only_poisoned)
    assert heard_beside(wrong) == heard_beside(ctc_stages())


def poisoned(engines: Path, out: Path) -> Path:
    """A copy whose weights hold a NaN; its manifest knows, and says that it is of another precision."""
    shutil.copytree(engines, out)
    manifest = (out / ENGINE_FILE).read_text()
    for file in sorted(out.glob("*.onnx")):
        before, model = sha256_file(file), onnx.load(file)
        last = [t for t in model.graph.initializer if numpy_helper.to_array(t).dtype == np.float32][-1]
        last.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(last), np.nan), last.name))
        file.unlink()
        onnx.save(model, file)
        manifest = manifest.replace(before, sha256_file(file))
    (out / ENGINE_FILE).unlink()
    (out / ENGINE_FILE).write_text(manifest.replace('"precision": "fp32"', '"precision": "int8"'))
    return out


def test_engines_on_disk_are_replaced_and_stay_suspended(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    wrong, audio = poisoned(tiny_ctc_engines, tmp_path / "ort-cpu-int8"), Audio(noise(3 * RATE), RATE)
    with Transcriber.open(tiny_ctc_engines) as transcriber:
        right = transcriber.transcribe(audio)
    with Transcriber.open(wrong) as transcriber, pytest.raises(BackendError, match="NaN"):
        transcriber.transcribe(audio)
    with Transcriber.open(wrong, reference=tiny_ctc_engines) as transcriber:
        assert transcriber.transcribe(audio) == right
        assert transcriber.guard and transcriber.guard.tripped
    with pytest.raises(BackendError, match="suspended"):
        Transcriber.open(wrong)
