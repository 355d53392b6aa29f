"""Channels of activations that stand out, scaled down at the cost of the weights that read them.

Channel c is divided by s[c] and row c of each weight multiplied by it, s[c] being sqrt(max |x[c]| / max |w[c]|): Xiao
et al. (2023), SmoothQuant, alpha = 0.5. Here s is a power of two, so that every sum adds the numbers that it did, and
at least 1: what the recorded inputs hardly move is not amplified. The division goes into the constants of a LayerNorm
or a multiplication where nobody else reads it; elsewhere it is a node of its own, which has to be worth its time.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engines.graph import Array, Graph, attribute, infer_shapes
from speechtrt.engines.quantize.channels import Channels, measure_channels
from speechtrt.engines.scenario import Playlist

TINY = 1e-12  # below, a channel is as good as empty
MOST = 2.0**14  # what FP16 still holds the reciprocal of
WORTH = 4.0  # times less variance of rounding, for a multiplication that was not there


@dataclass(frozen=True, slots=True)
class Rescaled:
    """A graph that computes the same; how many channels each product that was changed gave way in."""

    graph: Graph
    channels: Mapping[str, int]


def rescale(canonical: Graph, products: Collection[str], inputs: Playlist) -> Rescaled:
    """Rescale what the nodes `products` read, each a MatMul or Gemm with a constant matrix, where they gain by it."""
    rewrite = _Rewrite(canonical.copy())
    readers = _readers(rewrite.graph, products)
    widths = {tensor: matrix(rewrite.graph, nodes[0]).shape[0] for tensor, nodes in readers.items()}
    channels = measure_channels(canonical, widths, inputs)
    for tensor, nodes in readers.items():
        weight = np.concatenate([matrix(rewrite.graph, node) for node in nodes], axis=1)
        factors = outlier_factors(channels[tensor], weight)
        absorber = _absorber(rewrite.graph, tensor, nodes)
        if expected_gain(channels[tensor], weight, factors) > (1.0 if absorber is not None else WORTH):
            rewrite.apply(tensor, nodes, absorber, factors)
    return rewrite.finished()


def matrix(graph: Graph, node: NodeProto) -> Array:
    """The constant factor of a product as [channels, columns]."""
    value = graph.constant(node.input[1])
    assert value is not None and value.ndim == 2, "only products with a constant matrix are rescaled"
    return value.T if attribute(node, "transB", 0) else value


def outlier_factors(channels: Channels, weight: Array) -> Array:
    """float64 [channels]: powers of two, 1 for a channel that is no larger than half of all."""
    rows = np.abs(weight).max(axis=1)
    level = np.log2(np.maximum(channels.largest, TINY) / np.maximum(rows, TINY)) / 2
    return np.asarray(np.clip(2.0 ** np.round(level - np.median(level)), 1.0, MOST))


def expected_gain(channels: Channels, weight: Array, factors: Array) -> float:
    """Times less variance of the product's results, as far as 8 bits of both factors cause it."""
    after = _expected_error(channels.divided(factors), weight * factors[:, None])
    return _expected_error(channels, weight) / max(after, TINY)


def _expected_error(channels: Channels, weight: Array) -> float:
    """Steps of each side squared, times the squares of the other: rounding errors that are even and independent."""
    columns = 2 * np.abs(weight).max(axis=0)
    return float(channels.span**2 * np.sum(weight**2) + np.sum(columns**2) * np.sum(channels.power))


def _readers(graph: Graph, products: Collection[str]) -> dict[str, list[NodeProto]]:
    """Which of `products` read a tensor as rows of channels."""
    readers: dict[str, list[NodeProto]] = {}
    for node in graph.nodes:
        if node.name in products and not attribute(node, "transA", 0):
            readers.setdefault(node.input[0], []).append(node)
    return readers


def _absorber(graph: Graph, tensor: str, readers: Iterable[NodeProto]) -> NodeProto | None:
    """The node that makes `tensor` by a constant for each channel, if nothing but `readers` reads it."""
    others = {node.name for node in graph.consumers[tensor]}.difference(node.name for node in readers)
    maker = graph.producers.get(tensor)
    if maker is None or others or tensor in graph.output_names:
        return None
    return maker if _constants(graph, maker, tensor) else None


def _constants(graph: Graph, maker: NodeProto, tensor: str) -> list[int]:
    """Which inputs of `maker` scale every channel of `tensor` when they are scaled; none when no constants do."""
    shape = graph.shape(tensor) or ()
    channels = shape[-1] if shape else None
    places = [place for place, name in enumerate(maker.input) if _per_channel(graph.constant(name), channels)]
    if maker.op_type == "Mul":
        return places[:1]
    last = attribute(maker, "axis", -1) in (-1, len(shape) - 1)
    wanted = [place for place, name in enumerate(maker.input) if place > 0 and name]
    return wanted if maker.op_type == "LayerNormalization" and last and places == wanted else []


def _per_channel(value: Array | None, channels: object) -> bool:
    return value is not None and value.ndim > 0 and value.size == value.shape[-1] == channels


@dataclass(slots=True)
class _Rewrite:
    graph: Graph
    _channels: dict[str, int] = field(default_factory=dict)
    _divisions: dict[str, NodeProto] = field(default_factory=dict)  # by the first node that reads the quotient

    def apply(self, tensor: str, readers: list[NodeProto], absorber: NodeProto | None, factors: Array) -> None:
        """Divide `tensor` and multiply what `readers` weigh it with."""
        for node in readers:
            spread = factors if attribute(node, "transB", 0) else factors[:, None]
            self._scale(node, 1, spread)
            self._channels[node.name] = int(np.count_nonzero(factors != 1))
        if absorber is not None:
            for place in _constants(self.graph, absorber, tensor):
                self._scale(absorber, place, 1 / factors)
        else:
            self._divide(tensor, readers, factors)

    def finished(self) -> Rescaled:
        nodes: list[NodeProto] = []
        for node in self.graph.nodes:
            nodes += [self._divisions[node.name], node] if node.name in self._divisions else [node]
        self.graph.replace_nodes(nodes)
        return Rescaled(Graph(infer_shapes(self.graph.model)), self._channels)

    def _scale(self, node: NodeProto, place: int, factors: Array) -> None:
        """Another reader of the constant keeps it as it is."""
        value = self.graph.constant(node.input[place])
        assert value is not None
        scaled = (value * factors).astype(value.dtype)
        node.input[place] = self.graph.add_initializer(f"{node.name}_{place}_rescaled", scaled)

    def _divide(self, tensor: str, readers: list[NodeProto], factors: Array) -> None:
        result = f"{tensor}_rescaled"
        scale = self.graph.add_initializer(f"{result}_by", (1 / factors).astype(np.float32))
        self._divisions[readers[0].name] = helper.make_node("Mul", [tensor, scale], [result], name=result)
        for node in readers:
            node.input[0] = result
