"""Does a parsed network compute in the types that were asked for? It is strongly typed, so its tensors tell."""

import re
from collections.abc import Iterable
from typing import Any

from onnx import TensorProto

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.builders.flavour import Flavour
from speechtrt.engines.graph import Graph
from speechtrt.engines.policy import heavy_nodes
from speechtrt.errors import PrecisionError
from speechtrt.precision import Precision
from speechtrt.specs import DType

DTYPES = {"FLOAT": DType.FLOAT32, "HALF": DType.FLOAT16, "INT64": DType.INT64, "INT32": DType.INT32, "BOOL": DType.BOOL}
ELEMENTS: dict[int, DType] = {TensorProto.FLOAT: DType.FLOAT32, TensorProto.FLOAT16: DType.FLOAT16}
FLOATS = {"FLOAT": Precision.FP32, "HALF": Precision.FP16}
STORED = {"INT8": Precision.INT8, "FP8": Precision.FP8, "INT4": Precision.INT4}
PRODUCTS = frozenset({"MATRIX_MULTIPLY", "CONVOLUTION", "DECONVOLUTION"})
Made = dict[str, tuple[Any, Any]]
MOVERS = frozenset({"SHUFFLE", "IDENTITY", "SQUEEZE", "UNSQUEEZE"})  # between a product and its factors


def check_types(flavour: Flavour, network: Any, graph: Graph) -> None:
    """Element types of the border and of every product against the graph's. Raises PrecisionError."""
    found = [network.get_input(i) for i in range(network.num_inputs)]
    found += [network.get_output(i) for i in range(network.num_outputs)]
    inputs, outputs = graph.specs()
    wanted = {t.name: t.dtype for t in (*inputs, *outputs)}
    got = {t.name: DTYPES.get(t.dtype.name) for t in found}
    made = {name: DTYPES.get(tensor.dtype.name) for name, (_, tensor) in _made(network).items()}
    for name in (node.output[0] for node in heavy_nodes(graph)):
        element = ELEMENTS.get(graph.element(name))
        if name in made and element is not None:
            wanted[name], got[name] = element, made[name]
    wrong = sorted(n for n in wanted.keys() | got.keys() if wanted.get(n) != got.get(n))
    if wrong:
        name = wrong[0]
        raise PrecisionError(
            f"{flavour.label} sees the tensor {name} as {got.get(name)}, the graph has it as {wanted.get(name)}; "
            "the engine would not compute what was asked"
        )


def check_policy(flavour: Flavour, network: Any, policy: Iterable[NodePolicy]) -> None:
    """Products and convolutions against what was decided for them. Raises PrecisionError."""
    found = products(network)
    for row in policy:
        if row.op in ("MatMul", "Gemm", "Conv", "ConvTranspose") and (got := found.get(row.node)) is not row.precision:
            raise PrecisionError(
                f"{flavour.label} computes {row.node} in {got}, its policy says {row.precision}; "
                "what asked for that had no effect"
            )


def products(network: Any) -> dict[str, Precision | None]:
    """The precision of every product and convolution of a network, by the name of its ONNX node."""
    made = _made(network)
    layers = [network.get_layer(i) for i in range(network.num_layers)]
    found: dict[str, Precision | None] = {}
    for layer in layers:
        if layer.type.name in PRODUCTS:
            found |= dict.fromkeys(_nodes(layer), _computed_in(layer, made))
    return found


def _computed_in(layer: Any, made: Made) -> Precision | None:
    """By what both factors, or the weight alone, were dequantised from; else by the type of the result."""
    stored = [_stored(layer.get_input(i), made) for i in range(min(2, layer.num_inputs))]
    if stored[-1] is Precision.INT4 or (len(stored) == 2 and stored[0] is stored[1] is not None):
        return stored[-1]
    return FLOATS.get(layer.get_output(0).dtype.name)


def _stored(tensor: Any, made: Made) -> Precision | None:
    while tensor is not None and tensor.name in made:
        layer, _ = made[tensor.name]
        if layer.type.name == "DEQUANTIZE":
            return STORED.get(layer.get_input(0).dtype.name)
        if layer.type.name not in MOVERS:
            return None
        tensor = layer.get_input(0)
    return None


def _made(network: Any) -> Made:
    """Everything the layers make, by name: the layer and the tensor."""
    layers = (network.get_layer(i) for i in range(network.num_layers))
    made = ((layer, layer.get_output(i)) for layer in layers for i in range(layer.num_outputs))
    return {tensor.name: (layer, tensor) for layer, tensor in made}


def _nodes(layer: Any) -> list[str]:
    return re.findall(r"\[ONNX Layer: ([^\]]*)\]", layer.metadata)
