"""Files in NeMo's layout: what they say of themselves, when they are written, and that parity would notice a fault."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from click.testing import CliRunner

from speechtrt.documents import read_document
from speechtrt.errors import CheckpointError, ParityError
from speechtrt.export.commands import export
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.nemo import step
from speechtrt.export.nemo.layout import LAYOUT_FILE, NemoLayout, export_nemo_layout
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.parity import nemo_parity
from speechtrt.export.nemo.stages import nemo_stage
from speechtrt.export.nemo.step import NemoStep
from speechtrt.export.nemo.tokens import read_tokens
from speechtrt.export.parity import require
from tests.export.module_runner import ModuleRunner

Break = Callable[[pytest.MonkeyPatch], None]


def test_metadata_and_border_are_nemos(nemo_folder: Path) -> None:
    model = onnx.load(nemo_folder / "model_560.onnx")
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found["model_type"] == "EncDecCTCModelBPE"
    assert (found["window_size"], found["chunk_shift"], found["vocab_size"]) == ("65", "56", "48")
    assert [found[f"cache_last_channel_dim{i}"] for i in (1, 2, 3)] == ["1", "70", "16"]
    assert [found[f"cache_last_time_dim{i}"] for i in (1, 2, 3)] == ["1", "16", "8"]
    names = ["audio_signal", "length", "cache_last_channel", "cache_last_time", "cache_last_channel_len"]
    assert [value.name for value in model.graph.input] == names
    assert [value.name for value in model.graph.output][2:] == [f"{name}_next" for name in names[2:]]


def test_metadata_survives_its_file(nemo_folder: Path) -> None:
    model = onnx.load(nemo_folder / "model_160.onnx")
    found = {entry.key: entry.value for entry in model.metadata_props}
    layout = read_document(nemo_folder / LAYOUT_FILE, NemoLayout)
    assert NemoMetadata.parse(found, Path("x")) == layout.models[0].metadata


def test_tokens_end_with_the_blank(nemo_folder: Path) -> None:
    lines = (nemo_folder / "tokens.txt").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "<blk> 48"
    assert len(read_tokens(nemo_folder / "tokens.txt", 48)) == 48


def test_a_second_export_does_no_work(nemo_folder: Path, ctc_checkpoint: Path) -> None:
    before = (nemo_folder / "model_160.onnx").stat().st_mtime_ns
    result = CliRunner().invoke(
        export, ["ctc", "--layout", "nemo", "--model", str(ctc_checkpoint), "--out", str(nemo_folder)]
    )
    assert result.exit_code == 0
    assert "runs in sherpa-onnx" in result.stderr
    assert (nemo_folder / "model_160.onnx").stat().st_mtime_ns == before


def test_other_families_have_no_such_layout(tts_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no streaming FastConformer"):
        export_nemo_layout(str(tts_checkpoint), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def frames_not_dropped(patch: pytest.MonkeyPatch) -> None:
    subsample = NemoStep._subsample
    patch.setattr(NemoStep, "_subsample", lambda self, signal, length: subsample(self, signal, length).roll(1, 1))


def former_owner_heard(patch: pytest.MonkeyPatch) -> None:
    visible = NemoStep._visible
    patch.setattr(NemoStep, "_visible", lambda self, count, length: visible(self, count, torch.full_like(length, 70)))


def end_not_masked(patch: pytest.MonkeyPatch) -> None:
    subsample = NemoStep._subsample
    patch.setattr(
        NemoStep, "_subsample", lambda self, signal, length: subsample(self, signal, torch.full_like(length, 1000))
    )


def distance_off_by_one(patch: pytest.MonkeyPatch) -> None:
    shifted = step._shifted
    patch.setattr(step, "_shifted", lambda scores, keys: shifted(scores.roll(1, 3), keys))


def check(model: FastConformerModel) -> None:
    graph = nemo_stage(model.model, 7)
    metadata = NemoMetadata.of(graph.spec, 8)
    require([nemo_parity(model.model, ModuleRunner(graph), graph.spec, metadata)])


def test_the_module_passes(ctc_model: FastConformerModel) -> None:
    check(ctc_model)


@pytest.mark.parametrize(
    "break_it",
    [frames_not_dropped, former_owner_heard, end_not_masked, distance_off_by_one],
    ids=lambda b: b.__name__,
)
def test_a_broken_module_is_noticed(
    break_it: Break, ctc_model: FastConformerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    with pytest.raises(ParityError, match="NeMo's layout"):
        check(ctc_model)
