"""Long recordings fall into pieces that fit, at quiet places."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.cutting import cut


@given(st.integers(0, 5000), st.integers(40, 900), st.integers(1, 30))
def test_pieces_fit_and_cover(length: int, longest: int, hop: int) -> None:
    samples = np.random.default_rng(length).normal(size=length).astype(np.float32)
    starts = cut(samples, longest, hop)
    ends = [*starts[1:], length]
    assert starts[0] == 0
    assert all(start % hop == 0 for start in starts)
    assert all(0 < end - start <= longest for start, end in zip(starts, ends, strict=True)) or length == 0


def test_the_cut_is_where_it_is_quiet() -> None:
    samples = np.ones(1500, np.float32)
    samples[900:930] = 0
    assert cut(samples, 1000, 1) == [0, 910]
