"""PCM -> raw log-mel features as ONNX nodes, put before a file that takes features.

With it, an imported file has the border of our own streaming stages: windows of samples in, and how many frames count.
A stream is heard as if silence came before and after it, as sherpa-onnx's users do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from speechtrt.bundle import ChunkSpec
from speechtrt.export.families.mel import GUARD, mel_filters, windowed_dft
from speechtrt.export.nemo.metadata import NemoMetadata

RATE, HOP, WIDTH, SIZE, PREEMPHASIS = 16_000, 160, 400, 512, 0.97  # of every public NeMo model
ROWS = "slots"


def chunk_of(metadata: NemoMetadata) -> ChunkSpec:
    """The window of samples that a chunk reads: so that its first encoder frame is the stream's next one."""
    milliseconds = metadata.chunk_shift * HOP * 1000 // RATE
    window = (metadata.window_size - 1) * HOP + WIDTH + 1
    lead = lead_frames(metadata) * HOP + WIDTH // 2 + 1  # and one sample for the pre-emphasis
    return ChunkSpec(f"step_{milliseconds}", milliseconds, metadata.frames, window, metadata.chunk_shift * HOP, lead)


def lead_frames(metadata: NemoMetadata) -> int:
    """Mel frames before a chunk: encoder frames of the overlap alone are dropped, and each stands for `factor`."""
    overlap = metadata.window_size - metadata.chunk_shift
    dropped = -(-overlap // metadata.subsampling_factor)
    return dropped * metadata.subsampling_factor


def graft(model: ModelProto, metadata: NemoMetadata, bins: int) -> None:
    """Give `model` inputs `pcm`, `samples` for its features and lengths, and outputs `log_probs`, `frames`."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    outputs = list(graph.output)
    front = _FrontEnd(metadata, bins)
    front.build(inputs[0].name, inputs[1].name)
    old = list(graph.node)
    tail = helper.make_node("Identity", [outputs[0].name], ["log_probs"], name="log_probs")
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend([*front.nodes, *old, tail])
    graph.initializer.extend(front.weights)
    chunk = chunk_of(metadata)
    graph.input.extend([_floats("pcm", chunk.window), _integers("samples"), *_caches(inputs[2:], metadata)])
    answer = _floats("log_probs", metadata.frames, metadata.vocab_size + 1)
    graph.output.extend([answer, _integers("frames"), *_caches(outputs[2:], metadata)])


def _caches(values: Sequence[ValueInfoProto], metadata: NemoMetadata) -> list[ValueInfoProto]:
    channel, time, length = (value.name for value in values)
    return [_floats(channel, *metadata.channel), _floats(time, *metadata.time), _integers(length)]


def _floats(name: str, *shape: int) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [ROWS, *shape])


def _integers(name: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.INT64, [ROWS])


class _FrontEnd:
    """Collects nodes and constants; every operator here has meant the same since opset 13."""

    def __init__(self, metadata: NemoMetadata, bins: int) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self._metadata, self._bins = metadata, bins

    def build(self, signal: str, length: str) -> None:
        """From `pcm` and `samples` to `signal` [slots, bins, window], `length` and `frames` [slots]."""
        self._mel(self._emphasised(), signal)
        nothing = self._node("Mul", "samples", self._integer(0))
        self._node("Add", nothing, self._integer(self._metadata.window_size), output=length)
        self._frames()

    def _emphasised(self) -> str:
        """Pre-emphasis over what exists, zeros behind: [slots, 1, window - 1]."""
        window = chunk_of(self._metadata).window
        ahead, behind = self._slice("pcm", 1, window), self._slice("pcm", 0, window - 1)
        emphasised = self._node("Sub", ahead, self._node("Mul", behind, self._float(PREEMPHASIS)))
        places = self._constant(np.arange(1, window, dtype=np.int64))
        exists = self._node("Less", places, self._unsqueezed("samples", 1))
        return self._unsqueezed(self._node("Where", exists, emphasised, self._float(0.0)), 1)

    def _mel(self, emphasised: str, signal: str) -> None:
        """Windowed DFT as strided convolutions, power, filters, logarithm: [slots, bins, window]."""
        bins = SIZE // 2 + 1
        table = windowed_dft(SIZE, WIDTH).numpy()
        parts = [self._node("Conv", emphasised, self._constant(t), strides=[HOP]) for t in (table[:bins], table[bins:])]
        power = self._node("Add", *(self._node("Mul", part, part) for part in parts))
        filters = self._constant(mel_filters(SIZE, self._bins, RATE).numpy().T.copy())
        mel = self._node("MatMul", filters, power)
        self._node("Log", self._node("Add", mel, self._float(GUARD)), output=signal)

    def _frames(self) -> None:
        """Encoder frames of the chunk that are speech: each halving of the features makes n // 2 + 1 of n."""
        metadata = self._metadata
        lead = chunk_of(metadata).lead
        hops = -(-lead // HOP)  # whole hops, so that nothing negative is divided
        ahead = self._node("Add", "samples", self._integer(hops * HOP - lead))
        mels = self._node("Div", ahead, self._integer(HOP))
        rounding = 2 * (metadata.subsampling_factor - 1) - hops
        count = self._node("Add", mels, self._integer(rounding))
        frames = self._node(
            "Div", self._node("Max", count, self._integer(0)), self._integer(metadata.subsampling_factor)
        )
        self._node("Min", frames, self._integer(metadata.frames), output="frames")

    def _node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = f"front_end/{kind}_{len(self.nodes)}"
        made = output or f"{name}/0"
        self.nodes.append(helper.make_node(kind, list(inputs), [made], name=name, **attributes))
        return made

    def _slice(self, source: str, start: int, end: int) -> str:
        bounds = (self._constant(np.array([value], np.int64)) for value in (start, end, 1))
        return self._node("Slice", source, *bounds)

    def _unsqueezed(self, source: str, *axes: int) -> str:
        return self._node("Unsqueeze", source, self._constant(np.array(axes, np.int64)))

    def _float(self, value: float) -> str:
        return self._constant(np.array(value, np.float32))

    def _integer(self, value: int) -> str:
        return self._constant(np.array(value, np.int64))

    def _constant(self, value: npt.NDArray[np.generic]) -> str:
        name = f"front_end/constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name
