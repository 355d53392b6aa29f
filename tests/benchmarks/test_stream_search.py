"""The search for the largest number of streams, and what counts as served in time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.stream.load import StreamPlan
from speechtrt.benchmarks.stream.near import found_earlier
from speechtrt.benchmarks.stream.search import RESOLUTION, Search
from speechtrt.benchmarks.stream.summary import doubts, streams_at_slo, summarise
from speechtrt.benchmarks.stream.trial import EDGES, Spread, StreamTrial, histogram
from speechtrt.documents import write_document

QUIET = Spread(1000, 0.02, 0.02, 0.05, 0.08, 0.2)
TRIAL = StreamTrial(
    side="ours",
    chunk_milliseconds=560,
    streams=10,
    purpose="confirm",
    wall_seconds=60.0,
    cpu_seconds=6.0,
    client_cpu_seconds=1.0,
    foreign_share=0.0,
    chunk=QUIET,
    histogram=(0,) * 15,
    first_text=QUIET,
    final=QUIET,
    late=QUIET,
    batch_fill=0.5,
    rows_per_batch=8.0,
    stage_seconds={"encoder": 6.0, "decoding": 2.5, "batching": 1.5},
    sent_seconds=560.0,
    dropped_seconds=0.0,
    refused=0,
    rung=0,
    utterances=100,
    different=0,
    peak_memory_bytes=1,
    stage_cpu_seconds={"encoder": 3.0, "decoding": 0.5, "batching": 0.5},
)


def largest(holds: Callable[[int], bool], start: int, highest: int) -> int:
    search = Search(start, highest)
    while not search.over:
        search.tell(holds(search.count))
    return search.found


@given(st.integers(0, 3000), st.integers(1, 512), st.integers(1, 2048))
def test_the_largest_number_is_found_with_few_runs(limit: int, start: int, highest: int) -> None:
    tried: list[int] = []

    def holds(streams: int) -> bool:
        tried.append(streams)
        return streams <= limit

    found = largest(holds, start, highest)
    best = min(limit, highest)
    assert found <= best and (found == best or found * RESOLUTION >= best - 1)
    assert found == 0 or found in tried
    assert len(tried) == len(set(tried)) <= 24
    assert all(1 <= streams <= highest for streams in tried)


@pytest.mark.parametrize("limit", [780, 840, 900])
def test_a_good_guess_saves_runs(limit: int) -> None:
    tried: list[int] = []

    def holds(streams: int) -> bool:
        tried.append(streams)
        return streams <= limit

    assert largest(holds, start=830, highest=4096) * RESOLUTION >= limit - 1
    assert len(tried) <= 4


def test_a_search_begins_near_what_an_earlier_result_found(tmp_path: Path) -> None:
    path = tmp_path / "streaming_performance.json"
    assert found_earlier(path, "ctc-medium") == {}
    summary = {"ours.chunk_560.streams_at_slo": 736.0, "peer.chunk_560.streams_at_slo": 0.0, "chunk_latency": 0.1}
    write_document(path, {"schema": 1, "load": {"model": "ctc-medium"}, "summary": summary})
    assert found_earlier(path, "ctc-medium") == {"ours.chunk_560": 736}
    assert found_earlier(path, "ctc-small") == {}


def test_a_side_that_falls_behind_or_refuses_does_not_hold() -> None:
    assert TRIAL.holds(0.1)
    assert not replace(TRIAL, chunk=replace(QUIET, p95=0.11)).holds(0.1)
    assert not replace(TRIAL, chunk=replace(QUIET, count=700)).holds(0.1)
    assert not replace(TRIAL, chunk=Spread.of([])).holds(0.1)
    assert not replace(TRIAL, refused=1).holds(0.1)


def test_the_largest_number_must_be_confirmed_by_every_run() -> None:
    slow = replace(TRIAL, chunk=replace(QUIET, p95=0.2))
    trials = [replace(TRIAL, streams=40, purpose="search"), *(replace(t, streams=20) for t in (TRIAL, slow)), TRIAL]
    assert streams_at_slo(trials, "ours", 560, 0.1) == [TRIAL]
    assert streams_at_slo([slow], "ours", 560, 0.1) == []


def test_other_texts_are_a_doubt_except_for_a_peer() -> None:
    plan = StreamPlan((560,), {}, 1.0, 0.0, 3, 100)
    trials = [replace(TRIAL, different=2, late=replace(QUIET, p95=0.01))] * 3
    assert doubts(trials, plan) == ["ours.chunk_560.streams_10: 6 of 300 texts differ from offline ones"]
    assert doubts(trials, plan, peer="ours") == []


def test_numbers_that_were_given_up_need_no_further_runs() -> None:
    plan = StreamPlan((560,), {}, 1.0, 0.0, 3, 100)
    kept = replace(TRIAL, late=replace(QUIET, p95=0.01))
    once = replace(kept, streams=20, chunk=replace(QUIET, p95=0.2))
    assert not once.holds(plan.slo_seconds)
    assert doubts([once, kept, kept, kept], plan) == []
    assert doubts([once, kept, kept], plan) == ["ours.chunk_560.streams_10: 2 trials, at least 3 are needed"]
    assert doubts([replace(once, foreign_share=0.5), kept, kept, kept], plan) != []
    assert doubts([replace(once, purpose="fixed"), kept, kept, kept], plan) != []


def test_numbers_over_several_loads_are_promised() -> None:
    loads = [replace(TRIAL, purpose="fixed", streams=streams, cpu_seconds=6.0) for streams in (16, 64, 256)]
    small = replace(loads[1], chunk_milliseconds=160, chunk=replace(QUIET, p95=0.06), peak_memory_bytes=7)
    crowd = replace(TRIAL, side="overload", purpose="overload", rung=3, rungs=((1.0, 4), (2.0, 3)))
    few = replace(crowd, purpose="recovery", rung=0, rungs=((1.0, 2), (9.5, 0)))
    numbers = summarise([*loads, small, crowd, few], "ours", 0.1)
    assert (numbers["at_64.latency_seconds_p95"], numbers["at_64.memory_bytes"]) == (0.06, 7)
    assert numbers["growth.cpu_per_stream_ratio"] == pytest.approx(16 / 256)
    assert (numbers["overload.rung"], numbers["overload.recovery_seconds"]) == (4, 9.5)


def test_the_summary_compares_with_a_peer() -> None:
    peer = replace(TRIAL, side="theirs", streams=5)
    fixed = replace(TRIAL, purpose="fixed", streams=16)
    numbers = summarise([fixed, TRIAL, peer], "ours", 0.1)
    assert numbers["streams_at_slo"] == 10 and numbers["peer.streams_at_slo"] == 5 and numbers["streams_ratio"] == 2
    assert numbers["ours.chunk_560.streams_16.cpu_seconds_per_stream_second"] == pytest.approx(0.1 / 16)
    assert numbers["batching_and_decoding_share"] == 0.25
    assert summarise([fixed], "ours", 0.1)["streams_at_slo"] == 0


def test_every_latency_falls_into_its_box() -> None:
    counts = histogram([0.001, 0.005, 0.0051, 0.1, 2.0])
    assert len(counts) == len(EDGES) + 1 and sum(counts) == 5
    assert (counts[0], counts[1], counts[EDGES.index(0.1)], counts[-1]) == (2, 1, 1, 1)
