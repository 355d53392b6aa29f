"""What each kind of engine set becomes, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from speechtrt.deploy.triton.flavour import Device, Flavour
from speechtrt.deploy.triton.interface import Tensor
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.repository import Repository
from speechtrt.deploy.triton.settings import Settings
from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import BackendError, IntegrityError, ManifestError, SpeechTRTError, StorageError
from speechtrt.precision import BackendName

PYTHON, ONNX, PLAN = (Settings(flavour=flavour) for flavour in Flavour)


def models(path: Path, settings: Settings) -> dict[str, Model]:
    return {model.name: model for model in Repository.of([path], settings).models}


def altered(engines: Path, folder: Path, *, name: str | None = None, backend: BackendName | None = None) -> Path:
    """The same engines under another name, or as if built for another backend."""
    folder.mkdir()
    for file in (path for path in engines.rglob("*") if path.is_file()):
        target = folder / file.relative_to(engines)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
    manifest = EngineFolder.open(engines).manifest
    manifest = replace(
        manifest,
        backend=backend or manifest.backend,
        model=replace(manifest.model, name=manifest.model.name if name is None else name),
    )
    (folder / ENGINE_FILE).unlink()
    write_document(folder / ENGINE_FILE, manifest)
    return folder


def test_streams_are_sequences_with_every_control(tiny_ctc_engines: Path) -> None:
    [(name, model)] = models(tiny_ctc_engines, replace(PYTHON, streams=7, batch=3, idle_seconds=5)).items()
    batching = model.config["sequence_batching"]
    assert isinstance(batching, dict)
    assert name == "tiny-ctc"
    assert model.config["max_batch_size"] == 3
    assert batching["oldest"] == {"max_candidate_sequences": 7}
    assert batching["max_sequence_idle_microseconds"] == 5_000_000
    assert [control["name"] for control in batching["control_input"]] == ["START", "END", "READY", "CORRID"]


def test_a_voice_is_decoupled_and_its_vocoder_is_a_plain_model(tiny_tts_engines: Path) -> None:
    found = models(tiny_tts_engines, PYTHON)
    assert list(found) == ["tiny-voice", "tiny-voice_vocoder"]
    assert found["tiny-voice"].config["model_transaction_policy"] == {"decoupled": True}
    assert found["tiny-voice_vocoder"].config["dynamic_batching"] == {}
    copied = {name for name in found["tiny-voice_vocoder"].files if "/engines/" in name}
    assert copied == {"1/engines/engine.json", "1/engines/vocoder.onnx"}


def test_an_offline_model_gives_text_and_its_encoder_log_probs(offline_engines: Path) -> None:
    name = EngineFolder.open(offline_engines).manifest.model.name
    found = models(offline_engines, PYTHON)
    assert list(found) == [name, f"{name}_encoder"]
    assert found[name].config["output"] == [
        {"name": tensor, "data_type": "TYPE_STRING", "dims": [1]} for tensor in (Tensor.TEXT, Tensor.WORDS)
    ]
    assert found[f"{name}_encoder"].config["input"] == [
        {"name": "pcm", "data_type": "TYPE_FP32", "dims": [-1]},
        {"name": "samples", "data_type": "TYPE_INT64", "dims": [1], "reshape": {"shape": []}},
    ]
    assert list(models(offline_engines, ONNX)) == [f"{name}_encoder"]


def test_the_voice_of_another_flavour_keeps_its_decoder_in_the_runtime(tiny_tts_engines: Path) -> None:
    found = models(tiny_tts_engines, ONNX)
    assert found["tiny-voice"].config["backend"] == "python"
    assert found["tiny-voice_vocoder"].config["platform"] == "onnxruntime_onnx"
    assert list(found["tiny-voice_vocoder"].files) == ["1/model.onnx"]


def test_a_plan_runs_on_a_gpu(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    engines = altered(tiny_ctc_engines, tmp_path / "engines", backend=BackendName.TENSORRT)
    model = models(engines, replace(PLAN, device=Device.GPU))["tiny-ctc_step_160"]
    assert model.config["platform"] == "tensorrt_plan"
    assert model.config["instance_group"] == [{"count": 1, "kind": "KIND_GPU"}]
    assert list(model.files) == ["1/model.plan"]


def test_everything_is_written_and_nothing_else(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    Repository.of([tiny_ctc_engines], PYTHON).write(tmp_path / "repository")
    assert [path.name for path in tmp_path.iterdir()] == ["repository"]
    folder = tmp_path / "repository" / "tiny-ctc"
    EngineFolder.open(folder / "1/engines").verify()
    assert sorted(path.name for path in folder.iterdir()) == ["1", "config.pbtxt", "warmup"]
    assert "backend.hearing import Hearing as TritonPythonModel" in (folder / "1/model.py").read_text()


def test_a_full_target_stays_as_it_is(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(StorageError, match="not empty"):
        Repository.of([tiny_ctc_engines], PYTHON).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def refused(paths: list[Path], settings: Settings) -> SpeechTRTError:
    with pytest.raises(SpeechTRTError) as caught:
        Repository.of(paths, settings)
    return caught.value


def test_what_the_flavour_cannot_run_is_refused(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    rtx = altered(tiny_ctc_engines, tmp_path / "rtx", backend=BackendName.TENSORRT_RTX)
    for path, settings in ((tiny_ctc_engines, PLAN), (rtx, PYTHON), (rtx, ONNX), (rtx, PLAN)):
        error = refused([path], settings)
        assert isinstance(error, BackendError)
        assert f"the flavour {settings.flavour} runs" in str(error)


def test_the_wrong_device_is_refused(tiny_ctc_engines: Path) -> None:
    error = refused([tiny_ctc_engines], replace(PYTHON, device=Device.GPU))
    assert isinstance(error, BackendError)
    assert "runs on KIND_CPU, not on KIND_GPU" in str(error)


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden", "two words", "é"])
def test_a_name_that_triton_would_not_take_is_refused(tiny_ctc_engines: Path, tmp_path: Path, name: str) -> None:
    error = refused([altered(tiny_ctc_engines, tmp_path / "engines", name=name)], PYTHON)
    assert isinstance(error, ManifestError)
    assert repr(name) in str(error)


def test_one_name_twice_is_refused(tiny_ctc_engines: Path) -> None:
    assert "give each model once" in str(refused([tiny_ctc_engines, tiny_ctc_engines], PYTHON))


def test_a_missing_set_and_an_unknown_chunk_are_refused(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    assert "is not an engine set" in str(refused([tmp_path], PYTHON))
    assert "expected one of 160, 560" in str(refused([tiny_ctc_engines], replace(PYTHON, chunk=100)))


def test_a_changed_engine_is_refused(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    engines = altered(tiny_ctc_engines, tmp_path / "engines")
    (engines / "step_160.onnx").unlink()
    (engines / "step_160.onnx").write_bytes(b"other")
    assert isinstance(refused([engines], PYTHON), IntegrityError)
