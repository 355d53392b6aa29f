"""Logarithms do not depend on the batch."""

import numpy as np
import pytest

from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.logarithm import split_logarithms
from speechtrt.engines.session import open_session, session_options
from tests.engines import tiny_graphs as tiny

BINS = 4480  # of one row, enough for threads to share a batch


def logarithm(*shape: int | str) -> Graph:
    d = tiny.Draft()
    d.op("Log", d.input("power", tiny.F32, *shape), to="y")
    d.output("y", tiny.F32, *shape)
    return Graph(infer_shapes(d.model()))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_row_has_the_same_logarithm_in_any_batch(threads: int) -> None:
    session = open_session(split_logarithms(logarithm("rows", BINS)).to_bytes(), session_options(threads))
    power = np.exp(np.random.default_rng(0).normal(0, 4, (16, BINS))).astype(np.float32)
    alone = np.concatenate([session.run(None, {"power": power[i : i + 1]})[0] for i in range(16)])
    assert np.allclose(alone, np.log(power), atol=1e-6)
    for rows in range(2, 17):
        assert (session.run(None, {"power": power[:rows]})[0] == alone[:rows]).all()


def test_a_vector_has_no_rows() -> None:
    assert [n.op_type for n in split_logarithms(logarithm("bins")).nodes] == ["Log"]
