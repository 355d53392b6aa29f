"""FP32 graph -> FP16 graph in which caches cross the border as FP16 and chosen nodes stay FP32.

A cache input that met a Cast before its TensorScatter could not be updated in place, and TensorRT refuses it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, TensorProto, TypeProto, helper, numpy_helper

from speechtrt.engines.graph import Graph, infer_shapes

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16
LARGEST = float(np.finfo(np.float16).max)
SMALLEST = float(np.finfo(np.float16).smallest_subnormal)
FULL_OPS = frozenset({"LogSoftmax", "Range", "CumSum"})  # too few bits for log-probabilities and long sums
PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})
FULL_BORDER = frozenset({"pcm", "log_probs"})  # audio has more than 11 bits


def reasons_for_full(graph: Graph) -> dict[str, str]:
    """Nodes that must stay FP32, each with the reason."""
    reasons = dict.fromkeys(front_end(graph), "audio front end: its values leave the range of FP16")
    for node in graph.nodes:
        if node.op_type in FULL_OPS:
            reasons.setdefault(node.name, f"{node.op_type} needs more than 11 bits")
        elif any(_underflows(graph.constant(name)) for name in node.input):
            reasons.setdefault(node.name, "its constant is zero in FP16")
    return reasons


def _underflows(value: np.ndarray | None) -> bool:
    """A guard such as 1e-12; a weight that rounds to zero does no harm."""
    return value is not None and value.dtype == np.float32 and value.size == 1 and 0 < abs(value.item()) < SMALLEST


def convert_to_half(full: Graph, keep: Collection[str]) -> Graph:
    """FP16 copy of an FP32 graph; nodes named in `keep` and audio at the border stay FP32."""
    return _HalfConversion(full.copy(), frozenset(keep)).run()


def front_end(graph: Graph, audio: str = "pcm") -> tuple[str, ...]:
    """Names of the nodes that turn audio into log-mel features or, where no logarithm follows, normalise its volume.

    Power spectra over- and underflow FP16. The features end at the first product behind the logarithm, or where a
    state, which is a float input too, comes in; without a logarithm the first product of all ends the front end.
    """
    kinds = {name: graph.element(name) for name in graph.input_names}
    if audio not in kinds:
        return ()
    floats = {name for name, kind in kinds.items() if kind == FLOAT}
    flow = _Flow(_hears_logarithm(graph, audio), beyond=floats - {audio}, waves={audio}, counts={*kinds} - floats)
    return tuple(node.name for node in graph.nodes if flow.passes(node))


@dataclass(frozen=True, slots=True)
class _Flow:
    """Tensors by what they hold. Counts are numbers of samples and frames, which leave the range of FP16 too."""

    logarithmic: bool
    beyond: set[str]
    waves: set[str]
    counts: set[str]
    features: set[str] = field(default_factory=set)

    def passes(self, node: NodeProto) -> bool:
        """Whether the node belongs to the front end; nodes come in order."""
        target = self._target(node)
        if target is not None:
            target.update(node.output)
        return target is not None and target is not self.beyond

    def _target(self, node: NodeProto) -> set[str] | None:
        product = node.op_type in PRODUCTS
        if self.beyond.intersection(node.input):
            return self.beyond
        if self.features.intersection(node.input):
            return self.beyond if product else self.features
        if self.waves.intersection(node.input):
            return self._of_waves(node, product)
        if self.counts.intersection(node.input):
            return self.beyond if product else self.counts
        return None

    def _of_waves(self, node: NodeProto, product: bool) -> set[str]:
        if node.op_type == "Shape":
            return self.counts
        if node.op_type == "Log":
            return self.features
        return self.beyond if product and not self.logarithmic else self.waves


def _hears_logarithm(graph: Graph, audio: str) -> bool:
    return any(node.op_type == "Log" and audio in graph.ancestors(node.output[0]) for node in graph.nodes)


class _HalfConversion:
    def __init__(self, graph: Graph, keep: frozenset[str]) -> None:
        self._graph = graph
        self._keep = keep
        self._kinds = {n: graph.element(n) for node in graph.nodes for n in [*node.input, *node.output] if n}
        self._now: dict[str, int] = {}
        self._made: set[str] = set()
        self._nodes: list[NodeProto] = []

    def run(self) -> Graph:
        graph = self._graph
        for value in graph.model.graph.input:
            self._border(value.name, value.type.tensor_type)
        for node in graph.nodes:
            self._convert(node)
        for value in graph.model.graph.output:
            self._leave(value.name, value.type.tensor_type)
        del graph.model.graph.value_info[:]
        graph.replace_nodes(self._nodes)
        return Graph(infer_shapes(graph.model))

    def _border(self, name: str, tensor: TypeProto.Tensor) -> None:
        if tensor.elem_type == FLOAT and name not in FULL_BORDER:
            tensor.elem_type = HALF
        self._now[name] = tensor.elem_type

    def _convert(self, node: NodeProto) -> None:
        kind = FLOAT if node.name in self._keep else HALF
        casts = [self._as(name, kind) for name in node.input]
        node.input[:] = casts
        if kind == HALF:
            _halve_attributes(node)
        self._nodes.append(node)
        for name in node.output:
            self._now[name] = kind if self._kinds.get(name) == FLOAT else self._kinds.get(name, TensorProto.UNDEFINED)

    def _leave(self, name: str, tensor: TypeProto.Tensor) -> None:
        """Give an output its type; a Cast stands before it when its producer made the other one."""
        if tensor.elem_type != FLOAT:
            return
        wanted = FLOAT if name in FULL_BORDER else HALF
        tensor.elem_type = wanted
        if self._now[name] != wanted:
            inner = f"{name}_before_cast"
            for node in self._nodes:
                node.input[:] = [inner if n == name else n for n in node.input]
                node.output[:] = [inner if n == name else n for n in node.output]
            self._nodes.append(helper.make_node("Cast", [inner], [name], name=f"{name}_cast", to=wanted))

    def _as(self, name: str, kind: int) -> str:
        """The tensor `name` as `kind`, if it is a float at all."""
        if self._kinds.get(name) != FLOAT:
            return name
        if name in self._graph.initializers:
            return self._weight(name) if kind == HALF else name
        if self._now[name] == kind:
            return name
        cast = f"{name}_as_{'half' if kind == HALF else 'full'}"
        if cast not in self._made:
            self._made.add(cast)
            self._nodes.append(helper.make_node("Cast", [name], [cast], name=cast, to=kind))
        return cast

    def _weight(self, name: str) -> str:
        half = f"{name}_half"
        if half not in self._made:
            self._made.add(half)
            self._graph.add_initializer(half, to_half(numpy_helper.to_array(self._graph.initializers[name])))
        return half


def to_half(value: np.ndarray) -> np.ndarray:
    """FP16 with large finite values kept finite and small ones kept apart from zero."""
    clipped = np.where(np.isfinite(value), np.clip(value, -LARGEST, LARGEST), value)
    tiny = (clipped != 0) & (np.abs(clipped) < SMALLEST)
    return np.where(tiny, np.copysign(SMALLEST, clipped), clipped).astype(np.float16)


def _halve_attributes(node: NodeProto) -> None:
    """Constants and casts that name FP32 themselves."""
    for item in node.attribute:
        if item.name == "to" and item.i == FLOAT:
            item.i = HALF
        if item.name == "value" and item.t.data_type == FLOAT:
            item.t.CopyFrom(numpy_helper.from_array(to_half(numpy_helper.to_array(item.t))))


def casts(graph: Graph) -> Iterator[NodeProto]:
    """The Cast nodes of a graph."""
    return (node for node in graph.nodes if node.op_type == "Cast")
