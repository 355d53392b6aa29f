"""Finds decoder self-attention in a canonical graph: two cache writes and an Attention that looks back from there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, TensorProto, helper
from onnx.helper import tensor_dtype_to_np_dtype

from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.engines.session import open_session

PROBE_LENGTH = 7  # any small cache length; the mask is checked at every position of it


@dataclass(frozen=True, slots=True)
class CachedAttention:
    """Scatter of K, scatter of V and the Attention over both, for one new step per row.

    `scale` is None when the operator's own default, 1 / sqrt(width), holds.
    """

    key: NodeProto
    value: NodeProto
    attention: NodeProto
    heads: int
    width: int
    scale: float | None

    @property
    def position(self) -> str:
        """Name of the tensor of write positions, int64 [slots]."""
        return str(self.key.input[2])


def find_cached_attention(graph: Graph) -> list[CachedAttention]:
    """Every match whose mask is proven, by running it, to admit exactly the positions up to the written one."""
    found = [m for node in graph.nodes if node.op_type == "Attention" and (m := _match(graph, node)) is not None]
    proven: dict[tuple[str, str], bool] = {}
    for match in found:
        pair = (match.position, str(match.attention.input[3]))
        if pair not in proven:
            proven[pair] = _mask_is_causal(graph, *pair)
    return [m for m in found if proven[m.position, str(m.attention.input[3])]]


def _match(graph: Graph, node: NodeProto) -> CachedAttention | None:
    inputs = [*node.input, "", "", "", ""]
    if not inputs[3] or any(inputs[4:]) or len([o for o in node.output if o]) != 1 or not _plain(node):
        return None
    key, value = graph.producers.get(inputs[1]), graph.producers.get(inputs[2])
    if key is None or value is None or not (_writes_cache(graph, key) and _writes_cache(graph, value)):
        return None
    shape = graph.shape(key.input[0])
    if key.input[2] != value.input[2] or shape is None or len(shape) != 4:
        return None
    heads, width = shape[1], shape[3]
    if not isinstance(heads, int) or not isinstance(width, int):
        return None
    scale = attribute(node, "scale", None)
    return CachedAttention(key, value, node, heads, width, float(scale) if isinstance(scale, float) else None)


def _plain(node: NodeProto) -> bool:
    return not attribute(node, "is_causal", 0) and not attribute(node, "softcap", 0.0)


def _writes_cache(graph: Graph, node: NodeProto) -> bool:
    """A linear scatter of one step on the time axis of a graph input, and the result leaves the graph."""
    if node.op_type != "TensorScatter" or attribute(node, "mode", "linear") != "linear":
        return False
    update = graph.shape(node.input[1])
    one_step = update is not None and len(update) == 4 and update[2] == 1
    return (
        one_step
        and attribute(node, "axis", -2) in (2, -2)
        and len(node.input) == 3
        and node.input[0] in graph.input_names
        and _leaves(graph, node.output[0])
    )


def _leaves(graph: Graph, name: str) -> bool:
    readers = graph.consumers.get(name, ())
    return name in graph.output_names or any(
        r.op_type == "Identity" and r.output[0] in graph.output_names for r in readers
    )


def _mask_is_causal(graph: Graph, position: str, mask: str) -> bool:
    """Run the sub-graph that makes the mask for every position of a short cache."""
    sources = sorted((graph.ancestors(mask) | graph.ancestors(position)).intersection(graph.input_names))
    integers = [n for n in sources if graph.element(n) == TensorProto.INT64]
    if len(integers) != 1 or any(graph.element(n) == TensorProto.BOOL for n in sources):
        return False
    positions = np.arange(PROBE_LENGTH, dtype=np.int64)
    feeds = {n: _probe(graph, n) for n in sources} | {integers[0]: positions}
    admitted, written = _evaluate(graph, [mask, position], feeds)
    if admitted.dtype != np.bool_ or not np.array_equal(written.reshape(-1), positions):
        return False
    wanted = np.arange(PROBE_LENGTH)[None, :] <= positions[:, None]  # [slots, max_len]
    return admitted.shape[-1] == PROBE_LENGTH and np.array_equal(admitted.reshape(-1, PROBE_LENGTH), wanted)


def _probe(graph: Graph, name: str) -> Array:
    shape = graph.shape(name) or ()
    kind = tensor_dtype_to_np_dtype(graph.element(name))
    return np.zeros([d if isinstance(d, int) else PROBE_LENGTH for d in shape], kind)


def _evaluate(graph: Graph, outputs: Sequence[str], feeds: dict[str, Array]) -> list[Array]:
    """Values of inner tensors: the part of the graph above them, run on its own."""
    needed = set().union(*(graph.ancestors(name) for name in outputs))
    part = helper.make_graph(
        [n for n in graph.nodes if needed.intersection(n.output)],
        "part",
        [v for v in graph.model.graph.input if v.name in feeds],
        [helper.make_tensor_value_info(name, graph.element(name), None) for name in outputs],
        [t for name, t in graph.initializers.items() if name in needed],
    )
    model = helper.make_model(part, opset_imports=list(graph.model.opset_import), ir_version=graph.model.ir_version)
    values: list[Array] = open_session(model.SerializeToString()).run(list(outputs), feeds)
    return values
