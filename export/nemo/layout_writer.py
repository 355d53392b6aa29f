"""Files of a checkpoint in NeMo's layout, each compared with PyTorch."""

from pathlib import Path

from speechtrt.bundle import ParityRow
from speechtrt.errors import CheckpointError
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.families.base import Model
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.families.fastconformer_stages import frame_milliseconds
from speechtrt.export.nemo.layout import OPSET, NemoFile
from speechtrt.export.nemo.metadata import NemoMetadata, write_metadata
from speechtrt.export.nemo.parity import nemo_parity
from speechtrt.export.nemo.stages import nemo_stage
from speechtrt.export.nemo.tokens import TOKENS_FILE, write_tokens
from speechtrt.export.parity import require
from speechtrt.export.threads import single_thread
from speechtrt.export.to_onnx import export_stage


def write_layout(loaded: Model, name: str, folder: Path) -> tuple[tuple[NemoFile, ...], tuple[ParityRow, ...]]:
    """One file per chunk size, and the tokens. Raises CheckpointError or ParityError."""
    if not isinstance(loaded, FastConformerModel):
        raise CheckpointError(f"{name}: is no streaming FastConformer; only these can be exported in NeMo's layout")
    files, rows = [], []
    with single_thread():
        for lookahead in loaded.model.config.lookaheads:
            file, row = _write_chunk(loaded, lookahead + 1, folder)
            files.append(file)
            rows.append(row)
    require(rows)
    write_tokens(folder / TOKENS_FILE, loaded.tokenizer.pieces)
    return tuple(files), tuple(rows)


def _write_chunk(loaded: FastConformerModel, frames: int, folder: Path) -> tuple[NemoFile, ParityRow]:
    config = loaded.model.config
    graph = nemo_stage(loaded.model, frames)
    path = folder / graph.spec.file
    metadata = NemoMetadata.of(graph.spec, config.encoder.subsampling_factor)
    export_stage(graph, path, OPSET)
    write_metadata(path, metadata)
    row = nemo_parity(loaded.model, CanonicalRunner(path), graph.spec, metadata)
    return NemoFile(graph.spec.file, frames * frame_milliseconds(config), metadata), row
