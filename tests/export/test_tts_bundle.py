"""What a SpeechT5 bundle says and holds."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from speechtrt.bundle import BundleFolder, Task
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.families.speecht5 import SpeechT5Model
from speechtrt.export.families.speecht5_reference import reference_speech
from speechtrt.export.families.speecht5_text import longest_text
from speechtrt.export.parity import TOLERANCE
from speechtrt.export.sentences import SENTENCES
from speechtrt.specs import StateKind


def test_every_stage_agrees_with_transformers(tts_bundle: BundleFolder) -> None:
    rows = tts_bundle.manifest.parity
    assert [row.stage for row in rows] == ["encoder", *["decoder"] * 4, *["postnet"] * 2, *["vocoder"] * 2]
    assert all(row.max_abs < TOLERANCE for row in rows)


def test_the_bundle_is_complete_and_verifies(tts_bundle: BundleFolder) -> None:
    tts_bundle.verify()
    bundle = tts_bundle.manifest
    assert (bundle.name, bundle.family, bundle.task) == ("tiny-voice", "speecht5", Task.TTS)
    assert (bundle.audio.sample_rate, bundle.audio.hop, bundle.audio.mels) == (16_000, 256, 8)
    assert (bundle.limits.max_text, bundle.limits.max_frames) == (450, 8000)
    assert bundle.text.lower_case and bundle.text.eos == 2 and bundle.text.unknown == 3
    assert {voice.name for voice in bundle.voices} == {"anna", "ben"}
    names = {entry.path for entry in bundle.files}
    assert names >= {"encoder.onnx", "decoder.onnx", "postnet.onnx", "vocoder.onnx", "spm_char.model"}
    assert names >= {voice.file for voice in bundle.voices} | set(bundle.calibration.values())


def test_decoder_constants_are_transformers_defaults(tts_bundle: BundleFolder) -> None:
    tts = tts_bundle.manifest.tts
    assert tts is not None
    assert (tts.reduction, tts.prenet_layers, tts.prenet_units, tts.dropout) == (2, 2, 16, 0.5)
    assert (tts.stop_threshold, tts.min_ratio, tts.max_ratio) == (0.5, 0.0, 20.0)


def test_graphs_are_opset_24_and_name_their_dimensions(tts_bundle: BundleFolder) -> None:
    for stage in tts_bundle.manifest.stages:
        model = onnx.load(tts_bundle.file(stage.file))
        assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 24)]
        for value, tensor in zip(model.graph.input, stage.inputs, strict=True):
            dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
            assert (value.name, tuple(dims)) == (tensor.name, tensor.shape)
        assert [value.name for value in model.graph.output] == [tensor.name for tensor in stage.outputs]


def test_graphs_say_nothing_of_the_machine_that_wrote_them(tts_bundle: BundleFolder) -> None:
    for stage in tts_bundle.manifest.stages:
        data = tts_bundle.file(stage.file).read_bytes()
        assert b".py" not in data
        model = onnx.load_from_string(data)
        assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_caches_are_scattered_and_attended_explicitly(tts_bundle: BundleFolder) -> None:
    stage = tts_bundle.manifest.stage("decoder")
    nodes = onnx.load(tts_bundle.file(stage.file)).graph.node
    caches = {state.input: state.output for state in stage.states if state.kind is StateKind.KV_CACHE}
    scatters = {node.input[0]: node.output[0] for node in nodes if node.op_type == "TensorScatter"}
    assert scatters == caches
    attentions = [node for node in nodes if node.op_type == "Attention"]
    assert len(attentions) == 4 and all(len(node.input) == 4 for node in attentions)


def test_an_idle_slot_does_not_poison_its_caches(tts_bundle: BundleFolder) -> None:
    stage = tts_bundle.manifest.stage("decoder")
    dims = {"slots": 2, "text_len": 3, "max_len": 4}
    inputs = {t.name: np.ones(t.resolve(dims), t.dtype.value) for t in stage.inputs}
    inputs["text_mask"][1] = False
    outputs = CanonicalRunner(tts_bundle.file(stage.file))(inputs)
    assert all(np.isfinite(value).all() for value in outputs.values())


def test_the_reference_loop_is_generate_speech(tts_model: SpeechT5Model, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 12
    script = tts_model.script((SENTENCES[6],), steps, (0,))
    tokens = torch.tensor([script.tokens[0]])
    calls = iter(range(10_000))

    def given(states: torch.Tensor, _rate: float) -> torch.Tensor:
        step, layer = divmod(next(calls), script.dropout.shape[2])
        return states * torch.from_numpy(script.dropout[:, : step + 1, layer])

    prenet = tts_model.model.speecht5.decoder.prenet
    monkeypatch.setattr(prenet, "_consistent_dropout", given, raising=False)
    speaker: Any = tts_model.model
    mel = speaker.generate_speech(
        tokens,
        speaker_embeddings=torch.from_numpy(script.speaker)[None],
        threshold=99.0,
        maxlenratio=steps * 2 / tokens.shape[1] + 1e-6,
    )
    monkeypatch.undo()
    frames = torch.from_numpy(reference_speech(tts_model.model, script).frames).flatten(1, 2)
    with torch.no_grad():
        expected = tts_model.model.speech_decoder_postnet.postnet(frames)[0]
    assert mel.shape == expected.shape
    assert (mel - expected).abs().max() < 1e-5


def test_calibration_holds_real_inputs_of_every_stage(tts_bundle: BundleFolder) -> None:
    bundle = tts_bundle.manifest
    assert set(bundle.calibration) == {stage.name for stage in bundle.stages}
    for stage in bundle.stages:
        with np.load(tts_bundle.file(bundle.calibration[stage.name])) as arrays:
            samples = {key.split("/")[0] for key in arrays}
            assert len(samples) == (16 if stage.name == "decoder" else 8)
            for sample in samples:
                found = {t.name: arrays[f"{sample}/{t.name}"] for t in stage.inputs}
                assert {name: array.dtype.name for name, array in found.items()} == {
                    t.name: t.dtype.value for t in stage.inputs
                }
                CanonicalRunner(tts_bundle.file(stage.file))(found)


def test_calibration_of_the_decoder_spreads_over_positions_and_hides_nothing(tts_bundle: BundleFolder) -> None:
    with np.load(tts_bundle.file(tts_bundle.manifest.calibration["decoder"])) as arrays:
        positions = np.array([arrays[f"{index}/position"] for index in range(16)])
        cache = arrays["8/self_k_0"]
    assert positions.min() == 0 and positions.max() == 79
    assert len(set(positions[8].tolist())) == 4
    unwritten = positions[8][:, None] <= np.arange(cache.shape[2])  # the step writes its own position
    assert not cache.transpose(0, 2, 1, 3)[unwritten].any()


def test_a_tokenizer_that_knows_its_longest_text_is_believed(tmp_path: Path, tts_checkpoint: Path) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(tts_checkpoint, folder)
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 40}')
    assert longest_text(open_checkpoint(str(folder)), positions=450) == 40
    assert longest_text(open_checkpoint(str(folder)), positions=30) == 30
    (folder / "tokenizer_config.json").unlink()
    assert longest_text(open_checkpoint(str(folder)), positions=450) == 450
