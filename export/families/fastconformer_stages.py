"""The stages of the streaming CTC model, one per chunk size, with the names and shapes of their tensors."""

from speechtrt.bundle import ChunkSpec
from speechtrt.export.families.base import StageGraph
from speechtrt.export.families.fastconformer_features import window_of
from speechtrt.export.families.fastconformer_step import ChunkStep, past_frames
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig
from speechtrt.specs import Dim, DType, Reset, StageSpec, StateKind, StateSpec, TensorSpec

ROWS = "slots"


def frame_milliseconds(config: FastConformerCtcConfig) -> int:
    """Milliseconds per encoder frame."""
    return config.hop * config.encoder.subsampling_factor * 1000 // config.sample_rate


def chunk_spec(config: FastConformerCtcConfig, frames: int) -> ChunkSpec:
    """The window of a chunk of `frames` encoder frames."""
    window = window_of(config, frames)
    milliseconds = frames * frame_milliseconds(config)
    return ChunkSpec(f"step_{milliseconds}", milliseconds, frames, window.size, window.shift, window.lead)


def step_stage(model: FastConformerCtc, frames: int) -> StageGraph:
    """One chunk of `frames` encoder frames of every active stream."""
    chunk = chunk_spec(model.config, frames)
    step = ChunkStep(model, window_of(model.config, frames)).eval()
    integers = [TensorSpec(name, DType.INT64, (ROWS,)) for name in ("samples", "frames", "cache_len", "write_pos")]
    samples, count, *lengths = integers
    caches = _layer_caches(model, frames)
    columns = _column_caches(model, step)
    carried = (*lengths, *caches, *columns)
    outputs = (_floats("log_probs", frames, model.config.vocab_size + 1), count, *map(_written, carried))
    states = (
        *(_state(tensor, StateKind.LENGTH, Reset.ZERO) for tensor in lengths),
        *(_state(t, StateKind.CONV_CACHE if t.name.startswith("conv") else StateKind.RING_CACHE) for t in caches),
        *(_state(tensor, StateKind.CONV_CACHE) for tensor in columns),
    )
    inputs = (_floats("pcm", chunk.window), samples, *carried)
    return StageGraph(StageSpec(chunk.stage, f"{chunk.stage}.onnx", inputs, outputs, states), step)


def _floats(name: str, *shape: Dim) -> TensorSpec:
    return TensorSpec(name, DType.FLOAT32, (ROWS, *shape))


def _written(tensor: TensorSpec) -> TensorSpec:
    return TensorSpec(f"{tensor.name}_out", tensor.dtype, tensor.shape)


def _state(tensor: TensorSpec, kind: StateKind, reset: Reset = Reset.NONE) -> StateSpec:
    return StateSpec(tensor.name, f"{tensor.name}_out", kind, reset=reset)


def _layer_caches(model: FastConformerCtc, frames: int) -> list[TensorSpec]:
    """Ring of keys, ring of values, and convolution cache of every layer."""
    config = model.config.encoder
    heads, width = config.num_attention_heads, config.hidden_size
    ring = (heads, past_frames(model) + frames, width // heads)
    shapes: dict[str, tuple[int, ...]] = {"k": ring, "v": ring, "conv": (width, config.conv_kernel_size - 1)}
    return [
        _floats(f"{name}_{layer}", *shape)
        for layer in range(config.num_hidden_layers)
        for name, shape in shapes.items()
    ]


def _column_caches(model: FastConformerCtc, step: ChunkStep) -> list[TensorSpec]:
    shapes = step.subsampling.cache_shapes(model.config.n_mels)
    return [_floats(f"sub_{index}", *shape) for index, shape in enumerate(shapes)]
