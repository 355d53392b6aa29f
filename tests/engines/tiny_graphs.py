"""Hand-made opset-24 graphs with the borders of docs/stages.md, a few thousand weights each."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array = np.ndarray
F32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL

HEADS, WIDTH, HIDDEN, MELS, REDUCTION, LAYERS = 2, 8, 16, 4, 2, 2
PRENET = 8
BLANKS = 6  # classes of the CTC graph, the blank included


@dataclass
class Draft:
    """Collects nodes; `op` returns the name of the new tensor."""

    seed: int = 0
    nodes: list[NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)
    inputs: list[ValueInfoProto] = field(default_factory=list)
    outputs: list[ValueInfoProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def input(self, name: str, kind: int, *shape: int | str) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, kind: int, *shape: int | str) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def op(self, kind: str, *inputs: str, to: str | None = None, **attributes: Any) -> str:
        name = to or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"n_{name}", **attributes))
        return name

    def const(self, value: Any, kind: type | None = None) -> str:
        name = f"w_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, kind, order="C"), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.const(self.random.normal(0, shape[0] ** -0.5, shape), np.float32)

    def linear(self, tensor: str, size: int, out: int) -> str:
        return self.op("Add", self.op("MatMul", tensor, self.weight(size, out)), self.weight(out))

    def norm(self, tensor: str, size: int) -> str:
        one, zero = self.const(np.ones(size), np.float32), self.const(np.zeros(size), np.float32)
        return self.op("LayerNormalization", tensor, one, zero, axis=-1)

    def ints(self, *values: int) -> str:
        return self.const(list(values), np.int64)

    def model(self) -> ModelProto:
        graph = helper.make_graph(self.nodes, "tiny", self.inputs, self.outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=11)


def split_heads(draft: Draft, tensor: str, heads: int, width: int) -> str:
    """[slots, time, heads * width] -> [slots, heads, time, width]."""
    shaped = draft.op("Reshape", tensor, draft.ints(0, -1, heads, width))
    return draft.op("Transpose", shaped, perm=[0, 2, 1, 3])


def join_heads(draft: Draft, tensor: str, hidden: int) -> str:
    turned = draft.op("Transpose", tensor, perm=[0, 2, 1, 3])
    return draft.op("Reshape", turned, draft.ints(0, -1, hidden))


def unsqueeze(draft: Draft, tensor: str, *axes: int) -> str:
    return draft.op("Unsqueeze", tensor, draft.ints(*axes))


@dataclass(frozen=True)
class DecoderSize:
    heads: int = HEADS
    width: int = WIDTH
    mels: int = MELS
    layers: int = LAYERS
    prenet: int = PRENET
    feed_forward: int = 32

    @property
    def hidden(self) -> int:
        return self.heads * self.width


def decoder(size: DecoderSize | None = None, *, seed: int = 1, extra_mask: bool = False) -> ModelProto:
    """The decoder stage. `extra_mask` hides the newest position as well, so that the mask is not the usual one."""
    s = size or DecoderSize()
    d = Draft(seed)
    d.input("frame", F32, "slots", s.mels)
    d.input("position", I64, "slots")
    d.input("dropout", F32, "slots", 2, s.prenet)
    d.input("text_mask", BOOL, "slots", "text_len")
    d.input("speaker_bias", F32, "slots", s.hidden)
    caches = [
        d.input(f"{kind}_{i}", F32, "slots", s.heads, "max_len" if kind[0] == "s" else "text_len", s.width)
        for kind in ("self_k", "self_v", "cross_k", "cross_v")
        for i in range(s.layers)
    ]
    x = d.op("Relu", d.linear("frame", s.mels, s.prenet))
    for layer in range(2):
        keep = d.op("Gather", "dropout", d.const(layer, np.int64), axis=1)
        x = d.op("Mul", d.op("Relu", d.linear(x, s.prenet, s.prenet)), keep)
    x = d.op("Add", d.linear(x, s.prenet, s.hidden), "speaker_bias")
    x = unsqueeze(d, x, 1)
    steps = d.op("Gather", d.op("Shape", caches[0]), d.const(2, np.int64), axis=0)
    times = d.op("Range", d.const(0, np.int64), steps, d.const(1, np.int64))
    compare = "Less" if extra_mask else "LessOrEqual"
    mask = unsqueeze(d, d.op(compare, unsqueeze(d, times, 0), unsqueeze(d, "position", 1)), 1, 2)
    cross_mask = unsqueeze(d, "text_mask", 1, 2)
    for i in range(s.layers):
        x = _decoder_layer(d, s, i, x, mask, cross_mask)
    x = d.op("Squeeze", x, d.ints(1))
    frames = d.linear(x, s.hidden, REDUCTION * s.mels)
    d.op("Reshape", frames, d.ints(0, REDUCTION, s.mels), to="frames")
    d.op("Sigmoid", d.linear(x, s.hidden, REDUCTION), to="stop")
    d.output("frames", F32, "slots", REDUCTION, s.mels)
    d.output("stop", F32, "slots", REDUCTION)
    for kind in ("self_k", "self_v"):
        for i in range(s.layers):
            d.output(f"{kind}_{i}_out", F32, "slots", s.heads, "max_len", s.width)
    return d.model()


def _decoder_layer(d: Draft, s: DecoderSize, i: int, x: str, mask: str, cross_mask: str) -> str:
    q, k, v = (split_heads(d, d.linear(x, s.hidden, s.hidden), s.heads, s.width) for _ in range(3))
    k = d.op("TensorScatter", f"self_k_{i}", k, "position", to=f"self_k_{i}_out", axis=2, mode="linear")
    v = d.op("TensorScatter", f"self_v_{i}", v, "position", to=f"self_v_{i}_out", axis=2, mode="linear")
    seen = d.op("Attention", q, k, v, mask, scale=s.width**-0.5)
    x = d.norm(d.op("Add", x, d.linear(join_heads(d, seen, s.hidden), s.hidden, s.hidden)), s.hidden)
    q = split_heads(d, d.linear(x, s.hidden, s.hidden), s.heads, s.width)
    seen = d.op("Attention", q, f"cross_k_{i}", f"cross_v_{i}", cross_mask, scale=s.width**-0.5)
    x = d.norm(d.op("Add", x, d.linear(join_heads(d, seen, s.hidden), s.hidden, s.hidden)), s.hidden)
    inner = d.op("Relu", d.linear(x, s.hidden, s.feed_forward))
    return d.norm(d.op("Add", x, d.linear(inner, s.feed_forward, s.hidden)), s.hidden)


def encoder(size: DecoderSize | None = None, *, seed: int = 2) -> ModelProto:
    s = size or DecoderSize()
    d = Draft(seed)
    d.input("tokens", I64, "rows", "text_len")
    d.input("text_mask", BOOL, "rows", "text_len")
    d.input("speaker", F32, "rows", 6)
    x = d.op("Gather", d.weight(12, s.hidden), "tokens", axis=0)
    x = d.norm(d.linear(x, s.hidden, s.hidden), s.hidden)
    for i in range(s.layers):
        for kind in ("k", "v"):
            name = f"cross_{kind}_{i}"
            shaped = d.op("Reshape", d.linear(x, s.hidden, s.hidden), d.ints(0, -1, s.heads, s.width))
            masked = d.op("Where", unsqueeze(d, "text_mask", 2, 3), shaped, d.const(0.0, np.float32))
            d.op("Transpose", masked, perm=[0, 2, 1, 3], to=name)
            d.output(name, F32, "rows", s.heads, "text_len", s.width)
    d.op("Tanh", d.linear("speaker", 6, s.hidden), to="speaker_bias")
    d.output("speaker_bias", F32, "rows", s.hidden)
    return d.model()


def convolution(name: str, reply: str, *, hop: int = 0, mels: int = MELS, seed: int = 3) -> ModelProto:
    """A postnet (`hop` 0) or a vocoder: frames -> frames, or frames -> samples."""
    d = Draft(seed)
    d.input(name, F32, "rows", "frames", mels)
    x = d.op("Transpose", name, perm=[0, 2, 1])
    x = d.op("Tanh", d.op("Conv", x, d.weight(16, mels, 3), d.weight(16), pads=[1, 1]))
    if hop:
        x = d.op("ConvTranspose", x, d.weight(16, 8, hop), strides=[hop])
        x = d.op("Tanh", d.op("Conv", x, d.weight(1, 8, 3), d.weight(1), pads=[1, 1]))
        d.op("Squeeze", x, d.ints(1), to=reply)
        d.output(reply, F32, "rows", "samples")
    else:
        x = d.op("Conv", x, d.weight(mels, 16, 3), d.weight(mels), pads=[1, 1])
        d.op("Transpose", x, perm=[0, 2, 1], to=reply)
        d.output(reply, F32, "rows", "frames", mels)
    return d.model()


CHUNK, RING, KERNEL, BINS = 2, 4, 3, 8
WINDOW_SAMPLES = 8 * 16


def stream_step(*, seed: int = 4) -> ModelProto:
    """A streaming CTC step: log-mel front end, a ring of keys and values, a convolution with memory, log-probs."""
    d = Draft(seed)
    total = RING + CHUNK
    d.input("pcm", F32, "slots", WINDOW_SAMPLES)
    for name in ("samples", "cache_len", "write_pos"):
        d.input(name, I64, "slots")
    for name in ("k_0", "v_0"):
        d.input(name, F32, "slots", HEADS, total, WIDTH)
    d.input("conv_0", F32, "slots", HIDDEN, KERNEL - 1)
    x = d.norm(d.linear(_log_mel(d), BINS, HIDDEN), HIDDEN)  # [slots, CHUNK, HIDDEN]
    q, k, v = (split_heads(d, d.linear(x, HIDDEN, HIDDEN), HEADS, WIDTH) for _ in range(3))
    k = d.op("TensorScatter", "k_0", k, "write_pos", to="k_0_out", axis=2, mode="linear")
    v = d.op("TensorScatter", "v_0", v, "write_pos", to="v_0_out", axis=2, mode="linear")
    seen = d.op("Attention", q, k, v, _ring_mask(d, total), scale=WIDTH**-0.5)
    x = d.op("Add", x, d.linear(join_heads(d, seen, HIDDEN), HIDDEN, HIDDEN))
    x = d.op("Add", x, _causal_conv(d, x))
    d.op("LogSoftmax", d.linear(x, HIDDEN, BLANKS), axis=-1, to="log_probs")
    _counters(d)
    d.output("log_probs", F32, "slots", CHUNK, BLANKS)
    for name in ("frames", "cache_len_out", "write_pos_out"):
        d.output(name, I64, "slots")
    for name in ("k_0_out", "v_0_out"):
        d.output(name, F32, "slots", HEADS, total, WIDTH)
    d.output("conv_0_out", F32, "slots", HIDDEN, KERNEL - 1)
    return d.model()


def _log_mel(d: Draft) -> str:
    """[slots, CHUNK, BINS]: a DFT-like convolution, power, log, standardisation."""
    hop = WINDOW_SAMPLES // CHUNK
    kernel = d.const(d.random.normal(0, 1, (2 * BINS, 1, hop)), np.float32)
    waves = d.op("Conv", unsqueeze(d, "pcm", 1), kernel, strides=[hop])
    real, imaginary = d.op("Split", waves, axis=1, num_outputs=2, to="real"), "imaginary"
    d.nodes[-1].output.append(imaginary)
    power = d.op("Add", d.op("Mul", real, real), d.op("Mul", imaginary, imaginary))
    log = d.op("Log", d.op("Add", power, d.const(2.0**-24, np.float32)))
    scaled = d.op("Div", d.op("Sub", log, d.const(2.0, np.float32)), d.const(3.0, np.float32))
    return d.op("Transpose", scaled, perm=[0, 2, 1])


def _ring_mask(d: Draft, total: int) -> str:
    """[slots, 1, CHUNK, total]: the newest cache_len + CHUNK entries, counted backwards from the end of this write."""
    end = d.op("Add", "write_pos", d.const(CHUNK - 1, np.int64))
    behind = d.op("Sub", unsqueeze(d, end, 1), unsqueeze(d, d.const(np.arange(total), np.int64), 0))
    age = d.op("Mod", behind, d.const(total, np.int64))
    span = d.op("Add", "cache_len", d.const(CHUNK, np.int64))
    mask = unsqueeze(d, d.op("Less", age, unsqueeze(d, span, 1)), 1, 2)
    return d.op("Expand", mask, d.ints(1, 1, CHUNK, total))


def _causal_conv(d: Draft, x: str) -> str:
    seen = d.op("Greater", "cache_len", d.const(0, np.int64))
    memory = d.op("Where", unsqueeze(d, seen, 1, 2), "conv_0", d.const(0.0, np.float32))
    joined = d.op("Concat", memory, d.op("Transpose", x, perm=[0, 2, 1]), axis=2)
    d.op("Slice", joined, d.ints(CHUNK), d.ints(CHUNK + KERNEL - 1), d.ints(2), to="conv_0_out")
    mixed = d.op("Conv", joined, d.weight(HIDDEN, 1, KERNEL), group=HIDDEN)
    return d.op("Transpose", mixed, perm=[0, 2, 1])


def _counters(d: Draft) -> None:
    longer = d.op("Add", "cache_len", d.const(CHUNK, np.int64))
    d.op("Min", longer, d.const(RING, np.int64), to="cache_len_out")
    after = d.op("Add", "write_pos", d.const(CHUNK, np.int64))
    d.op("Mod", after, d.const(RING + CHUNK, np.int64), to="write_pos_out")
    heard = d.op("Div", "samples", d.const(WINDOW_SAMPLES // CHUNK, np.int64))
    d.op("Min", heard, d.const(CHUNK, np.int64), to="frames")
