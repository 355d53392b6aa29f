"""An ONNX graph with the look-ups that rewrites need: who makes a tensor, who reads it, what is constant."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.helper import tensor_dtype_to_np_dtype

from speechtrt.engines.admission import read_model
from speechtrt.specs import Dim, DType, TensorSpec

Array = np.ndarray
MICROSOFT = "com.microsoft"


class Graph:
    """A model and its indices. `refresh` follows structural edits; `model` stays the single source of truth."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self.refresh()

    @classmethod
    def load(cls, path: Path) -> "Graph":
        """Read a model and infer its shapes. Raises BuildError for a file that is no sound ONNX model."""
        model = read_model(path)
        _constants_to_initializers(model.graph)
        return cls(infer_shapes(model))

    def copy(self) -> "Graph":
        """An independent graph with the same content."""
        model = ModelProto()
        model.CopyFrom(self.model)
        return Graph(model)

    def refresh(self) -> None:
        """Rebuild the indices and give every node a name."""
        graph = self.model.graph
        self.nodes: list[NodeProto] = list(graph.node)
        for index, node in enumerate(self.nodes):
            node.name = node.name or f"{node.op_type}_{index}"
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        self.producers = {name: node for node in self.nodes for name in node.output if name}
        self.consumers: dict[str, list[NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self.input_names = [value.name for value in graph.input if value.name not in self.initializers]
        self.output_names = [value.name for value in graph.output]
        values = [*graph.input, *graph.output, *graph.value_info]
        self.types = {value.name: value.type.tensor_type for value in values}

    def constant(self, name: str) -> Array | None:
        """Value of an initializer, or None for a tensor that is computed."""
        tensor = self.initializers.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def element(self, name: str) -> int:
        """ONNX element type of a tensor, UNDEFINED when inference does not know it."""
        if name in self.initializers:
            return int(self.initializers[name].data_type)
        known = self.types.get(name)
        return int(known.elem_type) if known is not None else int(TensorProto.UNDEFINED)

    def shape(self, name: str) -> tuple[Dim | None, ...] | None:
        """Dimensions of a tensor: an int, a name, or None each; None when inference does not know the rank."""
        if name in self.initializers:
            return tuple(self.initializers[name].dims)
        known = self.types.get(name)
        if known is None or not known.HasField("shape"):
            return None
        return tuple(_dim(d) for d in known.shape.dim)

    def ancestors(self, name: str) -> set[str]:
        """All tensors that `name` depends on, itself included."""
        seen: set[str] = set()
        queue = [name]
        while queue:
            tensor = queue.pop()
            if tensor and tensor not in seen:
                seen.add(tensor)
                node = self.producers.get(tensor)
                queue.extend(node.input if node is not None else ())
        return seen

    def add_initializer(self, name: str, value: Array) -> str:
        """Store a constant; returns its name."""
        tensor = numpy_helper.from_array(np.asarray(value, order="C"), name)
        self.model.graph.initializer.append(tensor)
        self.initializers[name] = tensor
        return name

    def replace_nodes(self, nodes: Iterable[NodeProto]) -> None:
        """Set the node list (in topological order), then drop what no output needs."""
        kept = list(nodes)
        del self.model.graph.node[:]
        self.model.graph.node.extend(kept)
        self.refresh()
        self._drop_dead()

    def import_domain(self, domain: str, version: int) -> None:
        """Declare an operator set once."""
        if all(entry.domain != domain for entry in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(domain, version))

    def to_bytes(self) -> bytes:
        """The serialised model."""
        data: bytes = self.model.SerializeToString()
        return data

    def specs(self) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
        """The border as it is now: inputs and outputs."""
        graph = self.model.graph
        inputs = tuple(_spec(v) for v in graph.input if v.name not in self.initializers)
        return inputs, tuple(_spec(v) for v in graph.output)

    def _drop_dead(self) -> None:
        needed: set[str] = set(self.output_names)
        alive: list[NodeProto] = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                alive.append(node)
                needed.update(node.input)
        weights = [t for t in self.model.graph.initializer if t.name in needed]
        del self.model.graph.node[:], self.model.graph.initializer[:]
        self.model.graph.node.extend(reversed(alive))
        self.model.graph.initializer.extend(weights)
        self.refresh()


def attribute(node: NodeProto, name: str, default: object) -> object:
    """Value of a node's attribute, or `default`."""
    for item in node.attribute:
        if item.name == name:
            value = helper.get_attribute_value(item)
            return value.decode() if isinstance(value, bytes) else value
    return default


def infer_shapes(model: ModelProto) -> ModelProto:
    """The model with every type and shape that can be inferred written down."""
    typed: ModelProto = onnx.shape_inference.infer_shapes(model, data_prop=True)
    return typed


def _constants_to_initializers(graph: onnx.GraphProto) -> None:
    """One kind of constant instead of two, so that each reader can have it in its own precision."""
    constants = [n for n in graph.node if n.op_type == "Constant" and n.attribute[0].name == "value"]
    for node in constants:
        tensor = graph.initializer.add()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        graph.node.remove(node)


def _dim(dim: onnx.TensorShapeProto.Dimension) -> Dim | None:
    if dim.HasField("dim_value"):
        return int(dim.dim_value)
    return str(dim.dim_param) or None


def _spec(value: onnx.ValueInfoProto) -> TensorSpec:
    tensor = value.type.tensor_type
    shape = tuple(d if d is not None else "unnamed" for d in (_dim(dim) for dim in tensor.shape.dim))
    return TensorSpec(value.name, DType(tensor_dtype_to_np_dtype(tensor.elem_type).name), shape)
