"""A file as NeMo's own export and sherpa-onnx's scripts leave it: other names, open dimensions, more metadata."""

from pathlib import Path

import onnx
from onnx import ModelProto, helper

RENAMED = {"logprobs": "log_probs_out", "encoded_lengths": "encoded_lengths_out", "audio_signal": "processed_signal"}
OPEN = {"processed_signal": (0, 2), "log_probs_out": (0, 1)}  # axes without a size


def write_public(source: Path, target: Path, **metadata: str) -> ModelProto:
    """Rewrite one of our own files; returns the model as it was written."""
    model = onnx.load(source)
    _rename(model)
    for value in (*model.graph.input, *model.graph.output):
        for axis in OPEN.get(value.name, (0,)):
            value.type.tensor_type.shape.dim[axis].dim_param = f"{value.name}_dynamic_axes_{axis}"
    found = {entry.key: entry.value for entry in model.metadata_props}
    url = {"url": "https://example.org/model", "comment": "Only the CTC branch is exported", "model_author": "NeMo"}
    helper.set_model_props(model, found | url | {"model_type": "EncDecHybridRNNTCTCBPEModel"} | metadata)
    onnx.save(model, target)
    return model


def _rename(model: ModelProto) -> None:
    for node in model.graph.node:
        node.input[:] = [RENAMED.get(name, name) for name in node.input]
        node.output[:] = [RENAMED.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        value.name = RENAMED.get(value.name, value.name)
