"""Narrower ranges of activations, where the few values they cut off cost less than the finer steps gain for the rest.

The calibration inputs are played once more, with every range narrowed by several factors and what each gets wrong as
extra outputs. The factor of the smallest squared error wins, tensor by tensor.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.quantize.probe import Probe
from speechtrt.engines.quantize.ranges import Range, measure_ranges
from speechtrt.engines.scenario import Playlist

FACTORS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)

Steps = Callable[[Range], tuple[float, Array]]  # step width and zero point of a range, the latter of the integers' type


@dataclass(frozen=True, slots=True)
class Clipping:
    """See Measure: the range of each tensor, narrowed by the best of FACTORS for integers of these `steps`."""

    steps: Steps

    def __call__(self, canonical: Graph, tensors: Iterable[str], inputs: Playlist) -> dict[str, Range]:
        """Raises BuildError for a tensor that is not finite."""
        return clip_ranges(canonical, measure_ranges(canonical, tensors, inputs), inputs, self.steps)


def clip_ranges(canonical: Graph, ranges: Mapping[str, Range], inputs: Playlist, steps: Steps) -> dict[str, Range]:
    """`ranges`, each narrowed by the best of FACTORS."""
    if not ranges:
        return {}
    probe = Probe(canonical)
    for index, (tensor, span) in enumerate(ranges.items()):
        for number, factor in enumerate(FACTORS):
            name = _name(index, number)
            probe.add(_measured(probe.graph, tensor, name, *steps(narrowed(span, factor))), name)
    found = probe.play(inputs)
    best = (
        FACTORS[int(np.argmin([np.sum(found[_name(index, number)]) for number in range(len(FACTORS))]))]
        for index in range(len(ranges))
    )
    return {tensor: narrowed(span, factor) for (tensor, span), factor in zip(ranges.items(), best, strict=True)}


def narrowed(span: Range, factor: float) -> Range:
    """Both ends moved towards zero."""
    return Range(span.low * factor, span.high * factor)


def _name(index: int, number: int) -> str:
    return f"clipping_{index}_{number}"


def _measured(graph: Graph, tensor: str, name: str, scale: float, zero: Array) -> list[NodeProto]:
    """Sum of the squares of what is lost between a tensor and its integers."""
    width = graph.add_initializer(f"{name}_scale", np.array(scale, np.float32))
    middle = graph.add_initializer(f"{name}_zero", zero)
    low, back, lost = (f"{name}_{part}" for part in ("low", "back", "lost"))
    return [
        helper.make_node("QuantizeLinear", [tensor, width, middle], [low], name=low),
        helper.make_node("DequantizeLinear", [low, width, middle], [back], name=back),
        helper.make_node("Sub", [back, tensor], [lost], name=lost),
        helper.make_node("ReduceSumSquare", [lost], [name], name=name, keepdims=0),
    ]
