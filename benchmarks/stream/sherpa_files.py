"""The files of a checkpoint that sherpa-onnx runs: NeMo's layout, begun as a recording begins, in two precisions."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from speechtrt.artifact import staged_folder
from speechtrt.benchmarks.stream.sherpa import HOP, LEAD, Models, SherpaModel
from speechtrt.errors import BenchmarkError
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.nemo.layout import NemoFile, export_nemo_layout
from speechtrt.export.nemo.stages import CHANNEL_LEN
from speechtrt.precision import Precision

SIGNAL = "audio_signal"


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Writes the files of `checkpoint` below `folder`, in a process of its own: exporting loads PyTorch."""

    checkpoint: str
    folder: Path

    def __call__(self, _workload: object) -> Models:
        """Export, mark the lead, quantise. Raises CheckpointError or ParityError."""
        layout, offset = self.folder / "nemo", float(open_checkpoint(self.checkpoint).config["feature_offset"])
        files = export_nemo_layout(self.checkpoint, layout)
        with staged_folder(self.folder / "files") as folder:
            for file in files.models:
                _write(layout / file.file, folder, file.milliseconds, offset)
        return {
            (file.milliseconds, precision): self._model(layout / files.tokens, file, precision)
            for file in files.models
            for precision in (Precision.FP32, Precision.INT8)
        }

    def _model(self, tokens: Path, file: NemoFile, precision: Precision) -> SherpaModel:
        path = self.folder / "files" / _name(file.milliseconds, precision)
        return SherpaModel(path, tokens, file.metadata.chunk_shift, file.metadata.frames)


def _name(milliseconds: int, precision: Precision) -> str:
    return f"{precision}-{milliseconds}.onnx"


def _write(source: Path, folder: Path, milliseconds: int, offset: float) -> None:
    plain = folder / _name(milliseconds, Precision.FP32)
    model = onnx.load(str(source))
    leave_out_lead(model, offset)
    onnx.save(model, str(plain))
    logging.disable(logging.WARNING)  # it recommends a tool that these graphs need not
    try:
        # As sherpa-onnx's own export scripts do it.
        target = folder / _name(milliseconds, Precision.INT8)
        quantize_dynamic(str(plain), str(target), op_types_to_quantize=["MatMul"], weight_type=QuantType.QUInt8)
    finally:
        logging.disable(logging.NOTSET)


def leave_out_lead(model: onnx.ModelProto, offset: float) -> None:
    """Let the lead of a new stream be what precedes a recording offline: nothing, which is the mean of all features.

    Its silence is audible to the subsampling otherwise, and the first words of one recording in four came out changed.
    Raises BenchmarkError when the graph is not in NeMo's layout.
    """
    graph, inputs = model.graph, {value.name: value for value in model.graph.input}
    if not {SIGNAL, CHANNEL_LEN} <= set(inputs):
        raise BenchmarkError(f"the graph has the inputs {', '.join(inputs)}; expected {SIGNAL} and {CHANNEL_LEN}")
    window = inputs[SIGNAL].type.tensor_type.shape.dim[2].dim_value
    for node in graph.node:
        node.input[:] = ["recorded" if name == SIGNAL else name for name in node.input]
    constants = {
        "lead_frames": (np.arange(window) < LEAD // HOP)[None, None],
        "no_frames": np.zeros((), np.int64),
        "axes": np.array([1, 2], np.int64),
        "nothing": np.full((), -offset, np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    nodes = (
        helper.make_node("Equal", [CHANNEL_LEN, "no_frames"], ["new"]),
        helper.make_node("Unsqueeze", ["new", "axes"], ["new_stream"]),
        helper.make_node("And", ["new_stream", "lead_frames"], ["lead"]),
        helper.make_node("Where", ["lead", "nothing", SIGNAL], ["recorded"]),
    )
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)
