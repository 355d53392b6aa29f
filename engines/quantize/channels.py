"""Which values single channels of activations take on recorded inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.quantize.probe import Probe
from speechtrt.engines.scenario import Playlist

LOW, HIGH, SQUARES, FRAMES = "low", "high", "squares", "frames"


@dataclass(frozen=True, slots=True)
class Channels:
    """Smallest value, largest value and mean square of each index of the last axis: float64 [channels] each."""

    low: Array
    high: Array
    power: Array

    @property
    def largest(self) -> Array:
        """Largest absolute values."""
        return np.asarray(np.maximum(-self.low, self.high))

    @property
    def span(self) -> float:
        """Width of a range that holds every value, and zero."""
        return float(max(self.high.max(), 0.0) - min(self.low.min(), 0.0))

    def divided(self, factors: Array) -> "Channels":
        """Of the same activation divided by `factors`, which are positive."""
        return Channels(self.low / factors, self.high / factors, self.power / factors**2)


def measure_channels(canonical: Graph, widths: Mapping[str, int], inputs: Playlist) -> dict[str, Channels]:
    """Of each tensor named in `widths`, which says how many channels it has; over all recorded scenarios."""
    if not widths:
        return {}
    probe = Probe(canonical)
    one, first = (probe.graph.add_initializer(f"channels_{n}", np.array([n], np.int64)) for n in (1, 0))
    for index, (tensor, width) in enumerate(widths.items()):
        name = f"channels_of_{index}"
        flat = probe.graph.add_initializer(f"{name}_flat", np.array([-1, width], np.int64))
        probe.add(_highest(tensor, flat, one, name), f"{name}_{HIGH}")
        probe.add(_extreme(name, one, LOW, largest=0), f"{name}_{LOW}")
        probe.add(_squares(name, first), f"{name}_{SQUARES}")
        probe.add([_node("Shape", [f"{name}_rows"], f"{name}_{FRAMES}")], f"{name}_{FRAMES}", TensorProto.INT64)
    found = probe.play(inputs)
    return {tensor: _channels(found, f"channels_of_{index}") for index, tensor in enumerate(widths)}


def _highest(tensor: str, flat: str, one: str, name: str) -> list[NodeProto]:
    return [_node("Reshape", [tensor, flat], f"{name}_rows"), *_extreme(name, one, HIGH, largest=1)]


def _extreme(name: str, one: str, part: str, largest: int) -> list[NodeProto]:
    """TopK of one, which has meant the same in every opset; the axes of ReduceMax have moved."""
    place = f"{name}_{part}"
    outputs = [place, f"{place}_index"]
    return [helper.make_node("TopK", [f"{name}_rows", one], outputs, name=place, axis=0, largest=largest)]


def _squares(name: str, axis: str) -> list[NodeProto]:
    square = f"{name}_square"
    return [
        _node("Mul", [f"{name}_rows", f"{name}_rows"], square),
        helper.make_node("ReduceSum", [square, axis], [f"{name}_{SQUARES}"], name=f"{name}_{SQUARES}", keepdims=0),
    ]


def _node(kind: str, inputs: list[str], output: str) -> NodeProto:
    return helper.make_node(kind, inputs, [output], name=output)


def _channels(found: Mapping[str, list[Array]], name: str) -> Channels:
    low, high = (np.concatenate(found[f"{name}_{part}"]).astype(np.float64) for part in (LOW, HIGH))
    frames = sum(int(shape[0]) for shape in found[f"{name}_{FRAMES}"])
    squares = np.sum(np.asarray(found[f"{name}_{SQUARES}"], np.float64), axis=0)
    return Channels(low.min(axis=0), high.max(axis=0), squares / frames)
