"""What Triton adds, out of paced runs; the runs themselves need its environment (`make test-triton`)."""

from dataclasses import replace
from pathlib import Path

import pytest

from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.stream.trial import Spread, StreamTrial
from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.benchmarks.triton.promises import PROMISES
from speechtrt.benchmarks.triton.summary import IN_PROCESS, TRITON, summarise
from speechtrt.errors import BenchmarkError


def spread(p95: float) -> Spread:
    return Spread(100, p95, p95, p95, p95, p95)


def trial(side: str, p95: float, different: int = 0) -> StreamTrial:
    return StreamTrial(
        side=side,
        chunk_milliseconds=560,
        streams=64,
        purpose="fixed",
        wall_seconds=10.0,
        cpu_seconds=6.4 if side == TRITON else 3.2,
        client_cpu_seconds=1.0,
        foreign_share=0.0,
        chunk=spread(p95),
        histogram=(0,) * 15,
        first_text=spread(1.0),
        final=spread(0.1),
        late=spread(0.001),
        batch_fill=0.5,
        rows_per_batch=8.0,
        stage_seconds={},
        sent_seconds=640.0,
        dropped_seconds=0.0,
        refused=0,
        rung=0,
        utterances=10,
        different=different,
        peak_memory_bytes=1,
    )


def test_what_is_added_is_the_difference_of_the_means() -> None:
    trials = [trial(IN_PROCESS, 0.010), trial(TRITON, 0.016), trial(IN_PROCESS, 0.012), trial(TRITON, 0.018)]
    numbers = summarise(trials)
    assert numbers["overhead_seconds_p95"] == pytest.approx(0.006)
    assert numbers["extra_cpu_seconds_per_stream_second"] == pytest.approx(0.005)
    assert all(bar.passed for bar in judge_bars(PROMISES, numbers))


def test_a_slow_server_and_another_text_break_promises() -> None:
    slow = judge_bars(PROMISES, summarise([trial(IN_PROCESS, 0.010), trial(TRITON, 0.021)]))
    other = judge_bars(PROMISES, summarise([trial(IN_PROCESS, 0.010), replace(trial(TRITON, 0.010), different=1)]))
    assert [bar.passed for bar in slow] == [False, True]
    assert [bar.passed for bar in other] == [True, False]


def test_a_folder_without_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no virtual environment with a Triton server"):
        TritonPlace.find(tmp_path)
