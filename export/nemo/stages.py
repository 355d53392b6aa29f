"""Names and shapes at the border of NeMo's streaming CTC graphs. Readers go by the order, not by the names."""

from collections.abc import Sequence

from speechtrt.export.families.base import StageGraph
from speechtrt.export.families.fastconformer_stages import ROWS, frame_milliseconds
from speechtrt.export.families.fastconformer_step import past_frames
from speechtrt.export.nemo.step import OVERLAP, NemoStep
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.specs import DType, Reset, StageSpec, StateKind, StateSpec, TensorSpec

CHANNEL, TIME, CHANNEL_LEN = "cache_last_channel", "cache_last_time", "cache_last_channel_len"
CACHES = (CHANNEL, TIME, CHANNEL_LEN)


def nemo_stage(model: FastConformerCtc, frames: int) -> StageGraph:
    """A chunk of `frames` encoder frames in NeMo's layout."""
    config = model.config
    encoder = config.encoder
    layers, width = encoder.num_hidden_layers, encoder.hidden_size
    caches = (
        TensorSpec(CHANNEL, DType.FLOAT32, (ROWS, layers, past_frames(model), width)),
        TensorSpec(TIME, DType.FLOAT32, (ROWS, layers, width, encoder.conv_kernel_size - 1)),
        TensorSpec(CHANNEL_LEN, DType.INT64, (ROWS,)),
    )
    window = frames * encoder.subsampling_factor + OVERLAP
    inputs = (
        TensorSpec("audio_signal", DType.FLOAT32, (ROWS, config.n_mels, window)),
        TensorSpec("length", DType.INT64, (ROWS,)),
        *caches,
    )
    outputs = (
        TensorSpec("logprobs", DType.FLOAT32, (ROWS, frames, config.vocab_size + 1)),
        TensorSpec("encoded_lengths", DType.INT64, (ROWS,)),
        *(TensorSpec(f"{tensor.name}_next", tensor.dtype, tensor.shape) for tensor in caches),
    )
    name = f"model_{frames * frame_milliseconds(config)}"
    states = nemo_states(CACHES, [tensor.name for tensor in outputs[2:]])
    spec = StageSpec(name, f"{name}.onnx", inputs, outputs, states)
    return StageGraph(spec, NemoStep(model, frames).eval())


def nemo_states(inputs: Sequence[str], outputs: Sequence[str]) -> tuple[StateSpec, ...]:
    """States of the three caches, in NeMo's order; a new stream starts from zeros, as NeMo's own loop does."""
    kinds = (StateKind.CONV_CACHE, StateKind.CONV_CACHE, StateKind.LENGTH)
    names = zip(inputs, outputs, kinds, strict=True)
    return tuple(StateSpec(before, after, kind, reset=Reset.ZERO) for before, after, kind in names)
