"""1-D convolutions on planes: the same numbers, blocked kernels, and nothing else changed."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from speechtrt.engines.builders.ort import OrtBuilder
from speechtrt.engines.graph import Array, Graph, infer_shapes
from speechtrt.engines.lowering.planes import lift_convolutions
from speechtrt.engines.session import open_session, session_options
from tests.engines import tiny_graphs as tiny

CHANNELS = 16  # what blocked kernels take


def loaded(draft: tiny.Draft) -> Graph:
    return Graph(infer_shapes(draft.model()))


def run(graph: Graph, feeds: dict[str, Array], threads: int = 1) -> list[Array]:
    values: list[Array] = open_session(graph.to_bytes(), session_options(threads)).run(None, feeds)
    return values


def kinds(graph: Graph) -> list[str]:
    return [node.op_type for node in graph.nodes]


def vocoder() -> Graph:
    """Convolutions with a residual and an upsampling; dilations, pads and strides that are not 1."""
    d = tiny.Draft()
    x = d.op("Transpose", d.input("mel", tiny.F32, "rows", "frames", CHANNELS), perm=[0, 2, 1])
    x = d.op("Conv", x, d.weight(CHANNELS, CHANNELS, 3), d.weight(CHANNELS), pads=[1, 1])
    turned = d.op("LeakyRelu", x, alpha=0.2)
    bent = d.op("Conv", turned, d.weight(CHANNELS, CHANNELS, 3), pads=[2, 2], dilations=[2])
    x = d.op("Div", d.op("Add", bent, x), d.const(2.0, np.float32))
    x = d.op("ConvTranspose", x, d.weight(CHANNELS, CHANNELS, 4), strides=[2], pads=[1, 1])
    x = d.op("Tanh", d.op("Conv", x, d.weight(1, CHANNELS, 3), pads=[1, 1]))
    d.op("Squeeze", x, d.ints(1), to="pcm")
    d.output("pcm", tiny.F32, "rows", "samples")
    return loaded(d)


def test_a_vocoder_works_on_planes_between_its_ends() -> None:
    graph = vocoder()
    lifted = lift_convolutions(graph)
    feeds = {"mel": np.random.default_rng(0).normal(0, 1, (2, 15, CHANNELS)).astype(np.float32)}
    assert np.allclose(run(graph, feeds)[0], run(lifted, feeds)[0], atol=1e-5)
    assert [k for k in kinds(lifted) if k in ("Unsqueeze", "Squeeze")] == ["Unsqueeze", "Squeeze", "Squeeze"]
    assert lifted.specs() == graph.specs()


def test_the_engine_uses_blocked_kernels(tmp_path: Path) -> None:
    options = session_options()
    options.optimized_model_filepath = str(tmp_path / "executed.onnx")
    open_session(OrtBuilder().build(vocoder(), ()), options)
    executed = [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]
    assert "ReorderInput" in executed


def test_a_tensor_with_readers_of_both_kinds_exists_twice() -> None:
    d = tiny.Draft()
    x = d.op("Conv", d.input("x", tiny.F32, "rows", 4, "time"), d.weight(4, 4, 3), pads=[1, 1])
    d.op("Add", d.op("ReduceMean", x, d.ints(2), keepdims=1), d.op("Conv", x, d.weight(4, 4, 1)), to="y")
    d.op("Conv", x, d.weight(4, 4, 1), to="z")
    for name in "yz":
        d.output(name, tiny.F32, "rows", 4, "time")
    graph = loaded(d)
    lifted = lift_convolutions(graph)
    feeds = {"x": np.random.default_rng(0).normal(0, 1, (2, 4, 9)).astype(np.float32)}
    for expected, found in zip(run(graph, feeds), run(lifted, feeds), strict=True):
        assert np.allclose(expected, found, atol=1e-6)
    assert kinds(lifted).count("Unsqueeze") == 1
    assert kinds(lifted).count("Squeeze") == 3


@pytest.mark.parametrize("shared", [True, False])
def test_what_cannot_be_lifted_stays(shared: bool) -> None:
    """A weight with two readers, and a convolution that is a plane already."""
    d = tiny.Draft()
    if shared:
        weight = d.weight(4, 4, 3)
        x = d.op("Conv", d.op("Conv", d.input("x", tiny.F32, 1, 4, 9), weight), weight, to="y")
        d.output(x, tiny.F32, 1, 4, 5)
    else:
        d.op("Conv", d.input("x", tiny.F32, 1, 4, 9, 9), d.weight(4, 4, 3, 3), to="y")
        d.output("y", tiny.F32, 1, 4, 7, 7)
    graph = loaded(d)
    assert kinds(lift_convolutions(graph)) == kinds(graph)


@pytest.mark.parametrize("rows", [2, 3, 7])
def test_threads_and_rows_do_not_change_a_sum(rows: int) -> None:
    """Long sums over channels: the plain kernels cut them in other places for one row than for several."""
    d = tiny.Draft()
    d.op("Conv", d.input("x", tiny.F32, "rows", 128, "time"), d.weight(80, 128, 5), pads=[2, 2], to="y")
    d.output("y", tiny.F32, "rows", 80, "time")
    lifted = lift_convolutions(loaded(d))
    x = np.random.default_rng(0).normal(0, 1, (rows, 128, 101)).astype(np.float32)
    together = [run(lifted, {"x": x}, threads)[0] for threads in (1, 2, 3)]
    alone = [run(lifted, {"x": x[i : i + 1]}, 2)[0][0] for i in range(rows)]
    assert all((value == np.stack(alone)).all() for value in together)
