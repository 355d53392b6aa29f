"""Canonical graph -> ONNX Runtime on a CPU: attention whose cost follows the real length, not the cache's."""

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.graph import MICROSOFT, Graph
from speechtrt.engines.lowering.attention import CachedAttention, find_cached_attention


def lower_for_ort(canonical: Graph) -> Graph:
    """Replace cached self-attention by GroupQueryAttention. Names and shapes of the border stay as they are.

    A graph without that pattern comes back as it was.
    """
    graph = canonical.copy()
    matches = find_cached_attention(graph)
    if not matches:
        return graph
    graph.import_domain(MICROSOFT, 1)
    gone = {n.name for m in matches for n in (m.key, m.value, m.attention)}
    at = {m.attention.name: m for m in matches}
    lengths = _Lengths(graph)
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        match = at.get(node.name)
        if match is not None:
            nodes += lengths.nodes_for(match.position)
            nodes += _group_query_attention(graph, match, lengths)
        elif node.name not in gone:
            nodes.append(node)
    graph.replace_nodes(_sorted(graph, nodes))
    return graph


class _Lengths:
    """The two int32 tensors GroupQueryAttention wants, made once for each tensor of positions."""

    def __init__(self, graph: Graph) -> None:
        self._made: set[str] = set()
        self._one = graph.add_initializer("gqa_one", np.array(1, np.int32))

    @staticmethod
    def last(position: str) -> str:
        """Index of the newest step of each row: int32 [slots]."""
        return f"{position}_gqa_last"

    @staticmethod
    def total(position: str) -> str:
        """Longest row, the new step included: int32 scalar."""
        return f"{position}_gqa_total"

    def nodes_for(self, position: str) -> list[NodeProto]:
        """The nodes to insert before the first use of `position`; none later."""
        if position in self._made:
            return []
        self._made.add(position)
        last, longest = self.last(position), f"{position}_gqa_longest"
        return [
            helper.make_node("Cast", [position], [last], name=last, to=TensorProto.INT32),
            helper.make_node("ReduceMax", [last], [longest], name=longest, keepdims=0),
            helper.make_node("Add", [longest, self._one], [self.total(position)], name=self.total(position)),
        ]


def _group_query_attention(graph: Graph, match: CachedAttention, lengths: _Lengths) -> list[NodeProto]:
    """[slots, heads, 1, width] and [slots, 1, heads * width] hold the same bytes, so Reshape packs and unpacks."""
    name = match.attention.name
    packed = graph.add_initializer(f"{name}_packed", np.array([0, 1, match.heads * match.width], np.int64))
    spread = graph.add_initializer(f"{name}_spread", np.array([0, match.heads, 1, match.width], np.int64))
    sources = [match.attention.input[0], match.key.input[1], match.value.input[1]]
    flat = [f"{name}_{part}" for part in ("q", "k", "v")]
    reshapes = [
        helper.make_node("Reshape", [source, packed], [target], name=target)
        for source, target in zip(sources, flat, strict=True)
    ]
    attributes: dict[str, Any] = {"num_heads": match.heads, "kv_num_heads": match.heads}
    if match.scale is not None:
        attributes["scale"] = match.scale
    gqa = helper.make_node(
        "GroupQueryAttention",
        [*flat, match.key.input[0], match.value.input[0], lengths.last(match.position), lengths.total(match.position)],
        [f"{name}_out", match.key.output[0], match.value.output[0]],
        name=f"{name}_gqa",
        domain=MICROSOFT,
        **attributes,
    )
    unpack = helper.make_node("Reshape", [f"{name}_out", spread], [match.attention.output[0]], name=f"{name}_unpack")
    return [*reshapes, gqa, unpack]


def _sorted(graph: Graph, nodes: list[NodeProto]) -> list[NodeProto]:
    """Topological order: a reader of a cache output may have stood before the attention that now writes it."""
    ready = {*graph.input_names, *graph.initializers, ""}
    done: list[NodeProto] = []
    waiting = nodes
    while waiting:
        later = []
        for node in waiting:
            if ready.issuperset(node.input):
                ready.update(node.output)
                done.append(node)
            else:
                later.append(node)
        assert len(later) < len(waiting), "a graph has no cycles"
        waiting = later
    return done
