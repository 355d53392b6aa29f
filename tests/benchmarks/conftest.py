from pathlib import Path

import pytest

from speechtrt.benchmarks.tts.baseline import BaselineSide
from speechtrt.bundle import TtsSpec

TINY_RULE = TtsSpec(
    reduction=2, prenet_layers=2, prenet_units=16, dropout=0.5, stop_threshold=0.5, min_ratio=0.0, max_ratio=20.0
)


@pytest.fixture(scope="session")
def tiny_baseline(tts_checkpoint: Path) -> BaselineSide:
    return BaselineSide(str(tts_checkpoint), TINY_RULE, threads=1, seed=3)
