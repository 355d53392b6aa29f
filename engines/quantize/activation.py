"""Activations as u8 with a constant scale and zero point, one of each per tensor."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.quantize.ranges import Range

STEPS = 255


@dataclass(frozen=True, slots=True)
class Quantizer:
    """real = (u8 - zero) * scale."""

    scale: float
    zero: int

    @classmethod
    def of(cls, span: Range) -> "Quantizer":
        """Covers `span` and holds 0 exactly, as padding needs it."""
        low, high = min(span.low, 0.0), max(span.high, 0.0)
        scale = (high - low) / STEPS or 1.0
        return cls(scale, int(np.clip(round(-low / scale), 0, STEPS)))


def steps(span: Range) -> tuple[float, Array]:
    """Step width and zero point of `span`."""
    quantizer = Quantizer.of(span)
    return quantizer.scale, np.array(quantizer.zero, np.uint8)


@dataclass(frozen=True, slots=True)
class Names:
    """Tensors of a quantised activation."""

    integers: str
    scale: str
    zero: str


class Activations:
    """The quantised activations of a graph. A tensor that several nodes read is quantised once, by whichever pass."""

    def __init__(self, graph: Graph, ranges: Mapping[str, Range]) -> None:
        self._graph = graph
        self._quantizers = {tensor: Quantizer.of(span) for tensor, span in ranges.items()}
        self._integers = {name for node in graph.nodes for name in node.output}
        self._restored: set[str] = set()

    def names(self, tensor: str) -> Names:
        """What the quantised `tensor` is called."""
        return Names(f"{tensor}_u8", f"{tensor}_u8_scale", f"{tensor}_u8_zero")

    def scale(self, tensor: str) -> float:
        """Step width of `tensor`."""
        return self._quantizers[tensor].scale

    def quantize(self, tensor: str) -> list[NodeProto]:
        """The node that makes the integers of `tensor`; none when there is one."""
        names, quantizer = self.names(tensor), self._quantizers[tensor]
        if names.integers in self._integers:
            return []
        self._integers.add(names.integers)
        self._graph.add_initializer(names.scale, np.array(quantizer.scale, np.float32))
        self._graph.add_initializer(names.zero, np.array(quantizer.zero, np.uint8))
        inputs = [tensor, names.scale, names.zero]
        return [helper.make_node("QuantizeLinear", inputs, [names.integers], name=names.integers)]

    def restore(self, tensor: str, back: str) -> list[NodeProto]:
        """The node that makes real values, called `back`, of the integers of `tensor`; none when there is one."""
        if back in self._restored:
            return []
        self._restored.add(back)
        names = self.names(tensor)
        inputs = [names.integers, names.scale, names.zero]
        return [helper.make_node("DequantizeLinear", inputs, [back], name=f"{back}_restored")]
