"""The ONNX Runtime lowering computes what the canonical graph computes, and leaves alone what it cannot prove."""

import numpy as np
import pytest
from onnx import ModelProto, helper

from speechtrt.engines.graph import Array, Graph, infer_shapes
from speechtrt.engines.lowering.attention import find_cached_attention
from speechtrt.engines.lowering.ort import lower_for_ort
from speechtrt.engines.session import StageSession
from tests.engines import tiny_graphs as tiny
from tests.engines.tiny_bundles import decoder_inputs, decoder_states

SIZE = tiny.DecoderSize()
LENGTH, STEPS = 32, 20
POSITIONS = np.array([0, 5, 11])


def graph(model: ModelProto) -> Graph:
    return Graph(infer_shapes(model))


def operators(graph: Graph) -> list[str]:
    return [node.op_type for node in graph.nodes]


def free_run(model: bytes, positions: Array) -> tuple[Array, dict[str, Array]]:
    """Frames of STEPS steps of three rows, each at its own position, in caches full of junk; and those caches."""
    random = np.random.default_rng(9)
    rows = [decoder_inputs(SIZE, 2) for _ in positions]
    fixed = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    states = [s for s in decoder_states(SIZE) if s.output is not None]
    shape = (len(positions), SIZE.heads, LENGTH, SIZE.width)
    frames = []
    with StageSession(model, states) as session:
        session.reset({s.input: random.normal(0, 50, shape).astype(np.float32) for s in states})
        frame = np.zeros((len(positions), SIZE.mels), np.float32)
        for step in range(STEPS):
            keep = (random.random((len(positions), 2, SIZE.prenet)) > 0.5).astype(np.float32) * 2
            out = session.step({**fixed, "frame": frame, "position": positions + step, "dropout": keep})
            frames.append(out["frames"])
            frame = out["frames"][:, -1]
        return np.stack(frames), {s.input: session.state(s.input) for s in states}


def test_every_self_attention_becomes_grouped_query_attention() -> None:
    kinds = operators(lower_for_ort(graph(tiny.decoder())))
    assert kinds.count("GroupQueryAttention") == SIZE.layers
    assert kinds.count("Attention") == SIZE.layers  # cross attention stays
    assert "TensorScatter" not in kinds
    assert "Range" not in kinds  # nothing reads the mask any more


def test_border_is_unchanged() -> None:
    canonical = graph(tiny.decoder())
    assert lower_for_ort(canonical).specs() == canonical.specs()


def test_lowered_equals_canonical_at_mixed_positions_in_dirty_caches() -> None:
    canonical = graph(tiny.decoder())
    expected, expected_caches = free_run(canonical.to_bytes(), POSITIONS)
    found, caches = free_run(lower_for_ort(canonical).to_bytes(), POSITIONS)
    assert np.abs(found - expected).max() < 1e-4
    for name, cache in expected_caches.items():
        assert np.abs(caches[name] - cache).max() < 1e-4, name


def test_a_row_does_not_depend_on_its_neighbours_positions() -> None:
    lowered = lower_for_ort(graph(tiny.decoder())).to_bytes()
    together, _ = free_run(lowered, np.array([0, 0, 0]))
    mixed, _ = free_run(lowered, np.array([0, 9, 11]))
    assert np.abs(mixed[:, 0] - together[:, 0]).max() < 1e-4


@pytest.mark.parametrize("model", [tiny.decoder(extra_mask=True), tiny.stream_step()], ids=["other mask", "ring"])
def test_other_attention_is_kept(model: ModelProto) -> None:
    canonical = graph(model)
    assert find_cached_attention(canonical) == []
    assert operators(lower_for_ort(canonical)) == operators(canonical)


def test_a_cache_that_another_node_reads_is_still_ordered() -> None:
    """The scatter stood before its reader; the node that now writes the cache comes after it in the old order."""
    model = tiny.decoder()
    scatter = next(i for i, n in enumerate(model.graph.node) if n.op_type == "TensorScatter")
    draft = tiny.Draft()
    size = draft.op("Size", "self_k_0_out", to="cache_size")
    model.graph.node.insert(scatter + 1, draft.nodes[0])
    model.graph.output.append(helper.make_tensor_value_info(size, tiny.I64, []))
    lowered = lower_for_ort(graph(model))
    free_run(lowered.to_bytes(), POSITIONS)
    assert "Size" in operators(lowered)
