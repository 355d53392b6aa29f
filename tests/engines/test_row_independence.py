"""A row's result is the same to the bit whatever rows share its batch, in every precision of ort-cpu."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.engines.graph import Array
from speechtrt.engines.session import open_session, session_options
from speechtrt.specs import DType, StageSpec
from tests.engines.conftest import Build

MOST_ROWS = 17
SIZES = {"text_len": 9, "max_len": 16, "frames": 21}


def some_feeds(stage: StageSpec) -> dict[str, Array]:
    """Every input of MOST_ROWS rows, some of them far larger than any that calibration saw."""
    random = np.random.default_rng(7)
    dims = {**SIZES, "slots": MOST_ROWS, "rows": MOST_ROWS}
    feeds: dict[str, Array] = {}
    for tensor in stage.inputs:
        shape = tensor.resolve(dims)
        if tensor.dtype is DType.BOOL:
            feeds[tensor.name] = np.arange(shape[1]) < random.integers(1, shape[1] + 1, (shape[0], 1))
        elif tensor.dtype is DType.INT64:
            feeds[tensor.name] = random.integers(0, 4, shape)
        else:
            spread = np.exp2(random.integers(-3, 4, (shape[0], *[1] * (len(shape) - 1))))
            feeds[tensor.name] = (random.normal(0, 1, shape) * spread).astype(np.float32)
    return feeds


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("stage", ["encoder", "decoder", "postnet", "vocoder", "step_160"])
def test_neighbours_change_nothing(
    build: Build, tts_bundle: Path, ctc_bundle: Path, stage: str, precision: str, threads: int
) -> None:
    engines = build(ctc_bundle if stage == "step_160" else tts_bundle, "ort-cpu", precision)
    built = engines.manifest.stage(stage)
    session = open_session(engines.file(built.file.path), session_options(threads))
    feeds = some_feeds(built.spec)
    alone = [session.run(None, {n: v[i : i + 1] for n, v in feeds.items()}) for i in range(MOST_ROWS)]

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(0, MOST_ROWS - 1), min_size=1, max_size=MOST_ROWS))
    def in_company(rows: list[int]) -> None:
        together = session.run(None, {n: v[rows] for n, v in feeds.items()})
        for place, row in enumerate(rows):
            for found, expected in zip(together, alone[row], strict=True):
                assert found[place].tobytes() == expected[0].tobytes()

    in_company()
