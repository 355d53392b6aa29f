"""Requests, refusals, and work that is not done twice."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from torch import Tensor, nn

from speechtrt.bundle import AudioSpec, BundleFolder, Limits, ParityRow, Source, Task, TextSpec
from speechtrt.errors import CheckpointError, ParityError
from speechtrt.export.bundle_writer import write_bundle
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.commands import export
from speechtrt.export.detection import detect
from speechtrt.export.exporter import ExportRequest, export_bundle, up_to_date
from speechtrt.export.families.base import Arrays, Description, Runners, StageGraph
from speechtrt.export.families.speecht5 import SpeechT5
from speechtrt.export.parity import compare
from speechtrt.specs import DType, StageSpec, TensorSpec


class Doubler(nn.Module):
    def forward(self, values: Tensor) -> tuple[Tensor]:
        return (values * 2,)


class TinyModel:
    """One stage that doubles; `expected` decides whether its parity holds."""

    def __init__(self, expected: float) -> None:
        self.expected = expected

    def describe(self) -> Description:
        return Description(AudioSpec(16_000, 160, 80), TextSpec("t.model", ("en",), True), Limits(1, 1))

    def stages(self) -> tuple[StageGraph, ...]:
        values = TensorSpec("values", DType.FLOAT32, ("rows", 2))
        doubled = TensorSpec("doubled", DType.FLOAT32, ("rows", 2))
        return (StageGraph(StageSpec("double", "double.onnx", (values,), (doubled,)), Doubler()),)

    def parity(self, runners: Runners) -> tuple[ParityRow, ...]:
        found = runners["double"]({"values": np.ones((3, 2), np.float32)})["doubled"]
        return (compare("double", "values", [(found, np.full((3, 2), self.expected))]),)

    def calibration(self, runners: Runners) -> Mapping[str, tuple[Arrays, ...]]:
        return {"double": ({"values": np.ones((1, 2), np.float32)},)}

    def write_assets(self, folder: Path) -> None:
        (folder / "t.model").write_bytes(b"pieces")


def write(expected: float, out: Path) -> BundleFolder:
    return write_bundle(TinyModel(expected), SpeechT5(), Source("tiny", "0"), "tiny", {"speechtrt": "0"}, out)


def test_a_bundle_appears_whole(tmp_path: Path) -> None:
    bundle = write(2.0, tmp_path / "bundle")
    bundle.verify()
    assert [entry.path for entry in bundle.manifest.files] == ["calibration/double.npz", "double.onnx", "t.model"]
    assert bundle.manifest.parity[0].max_abs == 0.0


def test_failed_parity_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"stage double: values differs from PyTorch by 0\.001"):
        write(2.001, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_failed_parity_keeps_the_bundle_that_was_there(tmp_path: Path) -> None:
    before = write(2.0, tmp_path / "bundle")
    with pytest.raises(ParityError):
        write(float("nan"), tmp_path / "bundle")
    assert BundleFolder.open(tmp_path / "bundle").sha256 == before.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_second_export_does_no_work(tts_bundle: BundleFolder, tts_checkpoint: Path) -> None:
    request = ExportRequest(str(tts_checkpoint), Task.TTS, "tiny-voice")
    before = (tts_bundle.path / "bundle.json").stat().st_mtime_ns
    assert export_bundle(request, tts_bundle.path).sha256 == tts_bundle.sha256
    assert (tts_bundle.path / "bundle.json").stat().st_mtime_ns == before


def test_being_up_to_date_is_seen_without_pytorch(tts_bundle: BundleFolder, tts_checkpoint: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from speechtrt.bundle import Task;"
        "from speechtrt.export.exporter import ExportRequest, up_to_date;"
        f"request = ExportRequest({str(tts_checkpoint)!r}, Task.TTS, 'tiny-voice');"
        f"found = up_to_date(request, Path({str(tts_bundle.path)!r}));"
        "heavy = {'torch', 'transformers', 'onnx', 'onnxruntime', 'huggingface_hub'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy or found is None else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_another_name_checkpoint_or_file_is_not_up_to_date(
    tts_bundle: BundleFolder, tts_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint, bundle = tmp_path / "checkpoint", tmp_path / "bundle"
    shutil.copytree(tts_checkpoint, checkpoint)
    shutil.copytree(tts_bundle.path, bundle)
    request = ExportRequest(str(checkpoint), Task.TTS, "tiny-voice")
    assert up_to_date(request, bundle) is not None
    assert up_to_date(ExportRequest(str(checkpoint), Task.TTS, "other"), bundle) is None
    assert up_to_date(request, tmp_path / "nowhere") is None
    voice = checkpoint / "voices" / "anna.npy"
    np.save(voice, np.load(voice) + 1)
    assert up_to_date(request, bundle) is None
    np.save(voice, np.load(tts_checkpoint / "voices" / "anna.npy"))
    assert up_to_date(request, bundle) is not None
    (bundle / "decoder.onnx").write_bytes(b"cut short")
    assert up_to_date(request, bundle) is None


def test_an_unknown_class_is_named_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["VitsModel"], "model_type": "vits"}))
    with pytest.raises(CheckpointError, match=r"checkpoint of VitsModel.*SpeechT5ForTextToSpeech, FastConformerCtc"):
        detect(open_checkpoint(str(tmp_path)))


def test_the_model_type_decides_where_no_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "fastconformer_ctc"}))
    assert detect(open_checkpoint(str(tmp_path))).name == "fastconformer_ctc"


@pytest.mark.parametrize("config", ["{", "[]", ""])
def test_an_unreadable_configuration_is_one_line(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(CheckpointError, match="copy the checkpoint again"):
        open_checkpoint(str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        export_bundle(ExportRequest(str(tmp_path / "nothing"), Task.TTS), tmp_path / "out")
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        export_bundle(ExportRequest(str(tmp_path), Task.TTS), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_hub_id_that_cannot_be_fetched_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="check the name or the network") as caught:
        open_checkpoint("nobody/nothing-at-all")
    assert "\n" not in str(caught.value)


def test_a_model_of_the_other_task_is_refused(ctc_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="speechtrt export ctc"):
        export_bundle(ExportRequest(str(ctc_checkpoint), Task.TTS), tmp_path / "out")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: shutil.rmtree(f / "vocoder"), "--vocoder"),
        (lambda f: shutil.rmtree(f / "voices"), "--voice"),
        (lambda f: (f / "spm_char.model").unlink(), "no tokenizer"),
        (lambda f: (f / "spm_char.model").write_bytes(b"not one"), "not a sentencepiece model"),
        (lambda f: np.save(f / "voices" / "anna.npy", np.zeros(5)), "6 finite numbers"),
        (lambda f: (f / "voices" / "anna.npy").write_bytes(b"no array"), "not a .npy file"),
        (lambda f: (f / "model.safetensors").unlink(), "cannot be loaded as SpeechT5ForTextToSpeech"),
        (lambda f: (f / "model.safetensors").write_bytes(b"cut"), "cannot be loaded as SpeechT5ForTextToSpeech"),
        (lambda f: shutil.copy(f / "vocoder" / "model.safetensors", f / "model.safetensors"), "lacks [0-9]+ weights"),
    ],
)
def test_an_incomplete_checkpoint_is_one_line(spoil, message: str, tts_checkpoint: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "checkpoint"
    shutil.copytree(tts_checkpoint, folder)
    spoil(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        export_bundle(ExportRequest(str(folder), Task.TTS), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_vocoder_and_voices_can_come_from_elsewhere(tts_checkpoint: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tts_checkpoint, bare, ignore=shutil.ignore_patterns("vocoder", "voices"))
    voice = tts_checkpoint / "voices" / "ben.npy"
    checkpoint = open_checkpoint(str(bare), str(tts_checkpoint / "vocoder"), {"carl": voice})
    model = SpeechT5().load(checkpoint)
    assert [named.name for named in model.describe().voices] == ["carl"]
    assert checkpoint.sha256() != open_checkpoint(str(bare), str(tts_checkpoint / "vocoder")).sha256()


def test_the_command_says_what_it_did(tts_bundle: BundleFolder, tts_checkpoint: Path) -> None:
    arguments = ["tts", "--model", str(tts_checkpoint), "--name", "tiny-voice", "--out", str(tts_bundle.path), "--json"]
    done = CliRunner().invoke(export, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "up to date" in done.stderr
    assert json.loads(done.stdout)["name"] == "tiny-voice"


def test_a_voice_that_is_no_file_is_wrong_usage() -> None:
    done = CliRunner().invoke(export, ["tts", "--model", "x", "--voice", "anna=/nowhere.npy"])
    assert done.exit_code == 2
    assert "NAME=FILE.npy" in done.stderr
