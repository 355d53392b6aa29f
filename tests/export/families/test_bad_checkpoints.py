"""Checkpoints that cannot be exported are refused in one line that says what to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from speechtrt.bundle import Task
from speechtrt.errors import CheckpointError
from speechtrt.export.exporter import ExportRequest, export_bundle

WEIGHTS = Path(__file__).parents[3] / "speechtrt" / "models" / "weights"

Break = Callable[[Path], None]


def configure(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def poison(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    name = max(weights, key=lambda key: weights[key].numel())
    weights[name].view(-1)[3] = torch.nan
    save_file(weights, path, {"format": "pt"})


def words(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / "vocab.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def empty_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def other_tokenizer(folder: Path) -> None:
    shutil.copy(WEIGHTS / "ctc-small" / "tokenizer.model", folder)


WAVEFORM: dict[str, tuple[Break, str]] = {
    "nan": (poison, r"the weight .* holds NaN or infinite values; take an earlier checkpoint"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), r"cannot be loaded as Wav2Vec2ForCTC"),
    "no extractor": (lambda f: (f / "preprocessor_config.json").unlink(), r"no usable preprocessor_config.json"),
    "no vocabulary": (lambda f: (f / "vocab.json").unlink(), r"vocab.json: is not readable JSON"),
    "small vocabulary": (lambda f: words(f, lambda v: {k: i for k, i in v.items() if i != 7}), r"no token for label 7"),
    "large vocabulary": (lambda f: words(f, lambda v: v | {"z": 99}), r"a token with id 99, the model has 18 labels"),
    "many languages": (lambda f: words(f, lambda v: {"eng": v}), r"a vocabulary per language"),
    "no blank": (lambda f: configure(f, pad_token_id=40), r"padding token 40, which is the blank"),
    "unknown class": (
        lambda f: configure(f, architectures=["WhisperForConditionalGeneration"]),
        r"WhisperForConditionalGeneration; the classes that can be exported are SpeechT5ForTextToSpeech, "
        r"FastConformerCtc, ParakeetForCTC, Wav2Vec2ForCTC, HubertForCTC",
    ),
}
PARAKEET: dict[str, tuple[Break, str]] = {
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), r"tokenizer.json: is not a tokenizer"),
    "broken tokenizer": (empty_tokenizer, r"is not a tokenizer"),
    "nan": (poison, r"holds NaN"),
}
STREAMING: dict[str, tuple[Break, str]] = {
    "other tokenizer": (
        other_tokenizer,
        r"has a tokenizer of 256 pieces, its model 48",
    ),
    "nan": (poison, r"holds NaN"),
}


def refused(checkpoint: Path, break_it: Break, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(checkpoint, folder)
    break_it(folder)
    with pytest.raises(CheckpointError, match=message) as caught:
        export_bundle(ExportRequest(str(folder), Task.CTC, "bad"), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize("case", WAVEFORM)
def test_waveform(case: str, offline_checkpoints: dict[str, Path], tmp_path: Path) -> None:
    refused(offline_checkpoints["wav2vec2_ctc"], *WAVEFORM[case], tmp_path)


@pytest.mark.parametrize("case", PARAKEET)
def test_parakeet(case: str, offline_checkpoints: dict[str, Path], tmp_path: Path) -> None:
    refused(offline_checkpoints["parakeet_ctc"], *PARAKEET[case], tmp_path)


@pytest.mark.parametrize("case", STREAMING)
def test_streaming(case: str, ctc_checkpoint: Path, tmp_path: Path) -> None:
    refused(ctc_checkpoint, *STREAMING[case], tmp_path)
