"""What a streaming CTC bundle says and holds."""

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import NemotronAsrStreamingFeatureExtractor

from speechtrt.bundle import BundleFolder, Task
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.families.fastconformer_features import Features, window_of
from speechtrt.export.families.fastconformer_parity import offline
from speechtrt.export.families.fastconformer_sounds import made_up
from speechtrt.export.families.fastconformer_stages import chunk_spec
from speechtrt.export.families.fastconformer_streams import Slots, stream_of, window_at
from speechtrt.export.parity import TOLERANCE
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.specs import Reset, StateKind


def test_streaming_equals_offline(ctc_bundle: BundleFolder) -> None:
    rows = ctc_bundle.manifest.parity
    assert [row.stage for row in rows] == ["step_160", "step_560"]
    assert all(row.max_abs < TOLERANCE for row in rows)


def test_the_manifest_describes_chunks_and_decoding(ctc_bundle: BundleFolder) -> None:
    ctc_bundle.verify()
    bundle = ctc_bundle.manifest
    assert (bundle.family, bundle.task) == ("fastconformer_ctc", Task.CTC)
    assert bundle.ctc is not None
    assert (bundle.ctc.blank, bundle.ctc.frame_seconds) == (48, 0.08)
    short, long = bundle.ctc.chunks
    assert (short.milliseconds, short.frames, short.window, short.shift, short.lead) == (160, 2, 2801, 2560, 1321)
    assert (long.milliseconds, long.frames, long.window, long.shift, long.lead) == (560, 7, 9201, 8960, 1321)
    assert {"tokenizer.model", "step_160.onnx", "step_560.onnx"} <= {entry.path for entry in bundle.files}


def test_states_follow_the_contract(ctc_bundle: BundleFolder) -> None:
    stage = ctc_bundle.manifest.stage("step_560")
    kinds = {state.input: (state.kind, state.reset) for state in stage.states}
    assert kinds["cache_len"] == kinds["write_pos"] == (StateKind.LENGTH, Reset.ZERO)
    assert kinds["k_0"] == kinds["v_0"] == (StateKind.RING_CACHE, Reset.NONE)
    assert kinds["conv_0"] == kinds["sub_2"] == (StateKind.CONV_CACHE, Reset.NONE)
    assert stage.input("k_0").shape == ("slots", 2, 77, 8)
    assert all(stage.output(s.output or "").shape == stage.input(s.input).shape for s in stage.states)


def test_the_ring_is_written_in_place_and_linearly(ctc_bundle: BundleFolder) -> None:
    for stage in ctc_bundle.manifest.stages:
        nodes = onnx.load(ctc_bundle.file(stage.file)).graph.node
        scatters = [node for node in nodes if node.op_type == "TensorScatter"]
        assert {(node.input[0], node.output[0]) for node in scatters} == {("k_0", "k_0_out"), ("v_0", "v_0_out")}
        assert all(a.s == b"linear" for node in scatters for a in node.attribute if a.name == "mode")


@pytest.mark.parametrize("size", [1, 159, 160, 1279, 1440, 1599, 8960, 20_000])
def test_features_equal_the_extractor_to_the_last_frame(size: int) -> None:
    config = FastConformerCtcConfig()
    audio = made_up(config.sample_rate, seed=3)[:size]
    window = window_of(config, 7)
    features = Features(config, window)
    extractor = NemotronAsrStreamingFeatureExtractor()  # type: ignore[no-untyped-call]
    expected = extractor(audio, sampling_rate=16_000, return_tensors="pt")
    standard = (expected["input_features"][0] + config.feature_offset) / config.feature_scale
    chunk = chunk_spec(config, 7)
    for index in range(3):
        pcm, samples = window_at(audio, chunk, index)
        count = torch.tensor([samples])
        valid = int(features.valid_frames(count).clamp(0, window.mels))
        mine = features(torch.from_numpy(pcm)[None], count)[0, :valid]
        first = index * window.mels - 7
        whole = standard[max(first, 0) : first + valid]
        assert valid == np.clip(size // 160 - first, 0, window.mels)
        assert torch.allclose(mine[max(-first, 0) :], whole, atol=2e-4)


@given(st.integers(1, 50_000))
def test_a_stream_has_as_many_frames_as_the_offline_model(samples: int) -> None:
    config = FastConformerCtcConfig()
    frames = samples // config.hop
    for _ in range(3):
        frames = frames // 2 + 1
    assert stream_of(np.zeros(samples, np.float32), config).frames == frames


def test_a_row_does_not_depend_on_its_neighbours(ctc_bundle: BundleFolder, ctc_model: FastConformerModel) -> None:
    bundle = ctc_bundle.manifest
    assert bundle.ctc is not None
    chunk, stage = bundle.ctc.chunks[0], bundle.stages[0]
    runner = CanonicalRunner(ctc_bundle.file(stage.file))
    audio = made_up(16_000, seed=1, seconds=1.0)
    results = []
    for count in (1, 4):
        slots = Slots(stage, chunk, count, junk=1.0)
        streams = [stream_of(made_up(16_000, seed=9 + row), ctc_model.model.config) for row in range(count - 1)]
        mine = stream_of(audio, ctc_model.model.config)
        for row, stream in enumerate([*streams, mine]):
            slots.admit(row, stream)
        while not mine.ended:
            slots.step(runner)
        results.append(mine.result())
    assert np.abs(results[0] - results[1]).max() < 1e-5
    assert np.abs(results[0] - offline(ctc_model.model, audio, chunk.frames - 1)).max() < 1e-5


def test_idle_slots_stay_finite(ctc_bundle: BundleFolder) -> None:
    stage = ctc_bundle.manifest.stages[0]
    inputs = {t.name: np.zeros(t.resolve({"slots": 2}), t.dtype.value) for t in stage.inputs}
    runner = CanonicalRunner(ctc_bundle.file(stage.file))
    for _ in range(3):
        outputs = runner(inputs)
        assert all(np.isfinite(value).all() for value in outputs.values())
        assert outputs["frames"].tolist() == [0, 0]
        inputs |= {state.input: outputs[state.output or ""] for state in stage.states}


def test_calibration_holds_streams_of_different_ages(ctc_bundle: BundleFolder) -> None:
    bundle = ctc_bundle.manifest
    for stage in bundle.stages:
        with np.load(ctc_bundle.file(bundle.calibration[stage.name])) as arrays:
            samples = {key.split("/")[0] for key in arrays}
            assert len(samples) >= 14
            ages = arrays["5/cache_len"]
            assert len(ages) == 8 and len(set(ages.tolist())) > 2
            assert set(arrays) == {f"{sample}/{t.name}" for sample in samples for t in stage.inputs}
            assert np.abs(arrays["5/pcm"]).max() > 0.01
