"""Servers side by side: each is searched while the others work, and the plan is held against what they carried."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from speechtrt.benchmarks.commands import bench
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.planner.arrangement import FEWER, Arrangement, without_neighbours
from speechtrt.benchmarks.planner.planned import Agreement, Planned, ask_planner
from speechtrt.benchmarks.planner.promises import PROMISES
from speechtrt.benchmarks.planner.quotation import quotation
from speechtrt.benchmarks.planner.replica import Open, PinnedSide, Replica, own_cores
from speechtrt.benchmarks.planner.report import NAME, PlannerReport
from speechtrt.benchmarks.planner.round import ALONE, TOGETHER, Round
from speechtrt.benchmarks.planner.summary import doubts, summarise
from speechtrt.benchmarks.stream.apart import ApartServer, ApartSide
from speechtrt.benchmarks.stream.load import ARRIVAL, StreamLoad, StreamPlan
from speechtrt.benchmarks.stream.search import RESOLUTION
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.errors import BackendError, BenchmarkError, DataError
from tests.benchmarks.schema_check import violations_in
from tests.benchmarks.test_stream_apart import BrokenSide, EchoSide
from tests.benchmarks.test_stream_clients import SPOKEN
from tests.benchmarks.test_stream_search import QUIET, TRIAL

ROOT = Path(__file__).parents[2]
PLAN = StreamPlan((560,), {}, 10.0, 2.0, 3, 4096)
QUICK = StreamPlan((560,), {}, 0.5, 0.0, 1, 100, packet_seconds=0.05)
LOAD = StreamLoad("made-up", "random weights", ARRIVAL, 1, 1.0, 0.16, 10.0, 0.1, (560,), 1, 3, 0)
FIXED, ROW = 0.004, 0.001  # seconds of a step alone


def run(side: str, streams: int, purpose: str, rows: float, slowness: float = 1.0) -> StreamTrial:
    """A paced run of a server whose steps cost what is known."""
    batches = streams * 10 / 0.56 / rows
    return replace(
        TRIAL,
        side=side,
        streams=streams,
        purpose=purpose,
        rows_per_batch=rows,
        batch_fill=rows / 16,
        sent_seconds=streams * 10.0,
        stage_seconds={"encoder": slowness * (FIXED + ROW * rows) * batches},
        late=replace(QUIET, p95=0.01),
    )


def one_round(alone: int, *together: int, slowness: float = 1.0) -> Round:
    runs = [run(ALONE, alone, "confirm", 14.0), run(ALONE, alone // 4, "fixed", 2.0)]
    runs.append(run(ALONE, alone * 3 // 4, "fixed", 9.0))
    for name, streams in zip(TOGETHER, together, strict=True):
        runs += [run(name, streams, "confirm", 14.0, slowness), run(name, alone * 3 // 4, "fixed", 10.0, slowness)]
    return Round(alone, together, tuple(runs))


ROUNDS = (one_round(324, 285, 267), one_round(330, 280, 272), one_round(318, 290, 262))


def test_what_a_neighbour_costs_and_how_far_plans_are_off() -> None:
    numbers = summarise(ROUNDS, Planned(Agreement(594, 648, 552), step_ratio=1.1))
    assert (numbers["alone.streams_at_slo"], numbers["together.streams_at_slo"]) == (324, 552)
    assert numbers["neighbour.streams_ratio"] == pytest.approx(552 / 648)
    assert numbers["planned.difference"] == pytest.approx(594 / 552 - 1)
    assert numbers["planned_alone.difference"] == pytest.approx(648 / 552 - 1)
    assert numbers["alone.planned_difference"] == 0
    assert (numbers["round_3.alone.streams"], numbers["round_3.second.streams"]) == (318, 262)
    assert [bar.passed for bar in judge_bars(PROMISES, numbers)] == [True]


@pytest.mark.parametrize("planned", [462, 640])
def test_a_plan_that_is_far_off_either_way_breaks_the_promise(planned: int) -> None:
    numbers = summarise(ROUNDS, Planned(Agreement(planned, 648, 552), step_ratio=1.1))
    assert [bar.passed for bar in judge_bars(PROMISES, numbers)] == [False]


def changed(found: Round, **changes: object) -> Round:
    first, *rest = found.trials
    return replace(found, trials=(replace(first, **changes), *rest))  # type: ignore[arg-type]


def test_a_quiet_machine_leaves_no_doubt() -> None:
    assert doubts(ROUNDS, PLAN) == []


@pytest.mark.parametrize(
    ("rounds", "plan", "reason"),
    [
        (ROUNDS[:2], PLAN, "alone: 2 trials, at least 3 are needed"),
        ((*ROUNDS[:2], one_round(324, 100, 90)), PLAN, "together: the mean rate of 3 trials is uncertain by"),
        ((changed(ROUNDS[0], foreign_share=0.3), *ROUNDS[1:]), PLAN, "alone: other processes used 30% of the cores"),
        ((changed(ROUNDS[0], late=replace(QUIET, p95=0.03)), *ROUNDS[1:]), PLAN, "alone: clients sent 30 ms late"),
        ((changed(ROUNDS[0], different=1), *ROUNDS[1:]), PLAN, "alone: 1 of 900 texts differ from offline ones"),
        (ROUNDS, replace(PLAN, highest=290), "a search ended at its limit of 290 streams"),
    ],
)
def test_why_a_result_may_not_be_quoted(rounds: Sequence[Round], plan: StreamPlan, reason: str) -> None:
    assert any(found.startswith(reason) for found in doubts(rounds, plan))


def test_a_neighbour_is_not_foreign() -> None:
    cores = os.cpu_count() or 1
    first = replace(TRIAL, wall_seconds=10.0, cpu_seconds=6.0, client_cpu_seconds=2.0, foreign_share=0.5 + 0.02)
    second = replace(first, cpu_seconds=5.0, client_cpu_seconds=1.0, foreign_share=0.8 / cores + 0.01)
    found = without_neighbours((first, second))
    assert [run.foreign_share for run in found] == pytest.approx([max(0.0, 0.52 - 0.6 / cores), 0.01])
    assert without_neighbours((first,)) == (first,)


def test_the_planner_is_told_of_the_neighbour_but_not_of_what_it_costs_in_streams() -> None:
    slowed = [one_round(324, 285, 267, slowness=1.2)] * 3
    planned = ask_planner(read_environment(), LOAD, slowed)
    assert planned.step_ratio == pytest.approx(1.2)
    assert planned.agreement.measured == 552
    assert 0.75 < planned.agreement.planned / planned.agreement.planned_alone < 0.9
    fewer = [one_round(324, 100, 100, slowness=1.2)] * 3
    assert ask_planner(read_environment(), LOAD, fewer).agreement.planned == planned.agreement.planned


def test_a_plan_that_cannot_be_made_says_why() -> None:
    [found] = [replace(one, trials=one.trials[:1]) for one in ROUNDS[:1]]
    with pytest.raises(BenchmarkError, match=r"no plan of what was measured: .*expected at least two"):
        ask_planner(read_environment(), LOAD, [found])


def arranged(names: Sequence[str], plan: StreamPlan = PLAN) -> Arrangement:
    """Servers that are not there."""
    return Arrangement(dict.fromkeys(names), plan, SPOKEN, lambda _: None, count())  # type: ignore[arg-type]


def test_nobody_is_searched_without_neighbours_and_all_hold_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, dict[str, int]]] = []

    def shared(self: Arrangement, streams: Mapping[str, int], purpose: str) -> list[StreamTrial]:
        """The second serves less, and all of them 500 at most."""
        seen.append((purpose, dict(streams)))
        late = replace(QUIET, p95=0.2)
        fits = {"first": 400, "second": 150}
        held = {name: n <= fits[name] and sum(streams.values()) <= 500 for name, n in streams.items()}
        return [replace(TRIAL, side=name, chunk=QUIET if held[name] else late) for name in streams]

    monkeypatch.setattr(Arrangement, "run", shared)
    found = arranged(TOGETHER).most({"first": 200, "second": 200})
    assert all(set(streams) == set(TOGETHER) and min(streams.values()) > 0 for _, streams in seen)
    assert 100 < found["second"] <= 150 < found["first"] and sum(found.values()) <= 500
    assert seen[-1] == ("confirm", found)


@pytest.mark.parametrize("stalled", range(12))
def test_one_stall_of_the_machine_costs_no_stream(monkeypatch: pytest.MonkeyPatch, stalled: int) -> None:
    made = count()

    def stalling(self: Arrangement, streams: Mapping[str, int], purpose: str) -> list[StreamTrial]:
        late = replace(QUIET, p95=0.2)
        well = next(made) != stalled
        return [replace(TRIAL, side=name, chunk=QUIET if well and n <= 300 else late) for name, n in streams.items()]

    monkeypatch.setattr(Arrangement, "run", stalling)
    found = arranged([ALONE]).most({ALONE: 256})[ALONE]
    assert 300 / RESOLUTION - 1 <= found <= 300


def test_who_fails_twice_in_three_runs_gets_fewer_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    confirming = count()

    def unsteady(self: Arrangement, streams: Mapping[str, int], purpose: str) -> list[StreamTrial]:
        late = replace(QUIET, p95=0.2)
        well = purpose == "search" or next(confirming) in (0, 3, 4)
        return [replace(TRIAL, side=name, chunk=QUIET if well and n <= 300 else late) for name, n in streams.items()]

    monkeypatch.setattr(Arrangement, "run", unsteady)
    assert arranged([ALONE]).most({ALONE: 300})[ALONE] == int(FEWER * 300)


def test_a_server_that_hears_nothing_in_time_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    late = replace(TRIAL, side=ALONE, chunk=replace(QUIET, p95=0.2))
    monkeypatch.setattr(Arrangement, "run", lambda *_: [late])
    with pytest.raises(BenchmarkError, match=r"server 'alone' hears not one stream within 0\.1 s"):
        arranged([ALONE]).most({ALONE: 8})


CORES = sorted(os.sched_getaffinity(0))


@pytest.fixture
def echoes() -> Iterator[dict[str, Child[Replica]]]:
    """Two replicas of a server of a few lines, on the first core and on the last."""
    with ExitStack() as closing:
        sides = (PinnedSide(core, ApartSide(EchoSide())) for core in (CORES[0], CORES[-1]))
        yield {name: closing.enter_context(Child(name, side)) for name, side in zip(TOGETHER, sides, strict=True)}


def affinity(_replica: Replica) -> set[int]:
    return os.sched_getaffinity(0)


def test_replicas_keep_to_their_cores_and_begin_together(echoes: dict[str, Child[Replica]]) -> None:
    assert [child.call(affinity) for child in echoes.values()] == [{CORES[0]}, {CORES[-1]}]
    arrangement = Arrangement(echoes, QUICK, SPOKEN, lambda _: None, count())
    runs = arrangement.run({"first": 3, "second": 5}, "fixed")
    assert [(run.side, run.streams, run.purpose) for run in runs] == [("first", 3, "fixed"), ("second", 5, "fixed")]
    assert all(run.chunk.count for run in runs)
    assert arrangement.trials == list(runs)


def server_is_gone(replica: Replica) -> bool:
    return replica.server is None


def test_one_that_cannot_start_ends_the_other_too(echoes: dict[str, Child[Replica]]) -> None:
    with Child("broken", PinnedSide(CORES[0], ApartSide(BrokenSide()))) as broken:
        pair = {"first": broken, "second": echoes["second"]}
        with pytest.raises(BackendError, match="no such engines"):
            Arrangement(pair, QUICK, SPOKEN, lambda _: None, count()).run({"first": 3, "second": 5}, "search")
        assert [child.call(server_is_gone) for child in pair.values()] == [True, True]


def server_process(replica: Replica) -> int:
    Open(560, 1)(replica)
    assert isinstance(replica.server, ApartServer)
    assert replica.server._process.pid
    replica.server.connect()  # streams refer to their server, which then lives on until something ends it
    return replica.server._process.pid


def test_servers_end_with_whoever_started_them(echoes: dict[str, Child[Replica]]) -> None:
    child = echoes["first"]
    server = psutil.Process(child.call(server_process))
    child._pipe.close()  # as when the benchmark is killed
    server.wait(timeout=60)
    child._process.join(60)
    assert child._process.exitcode == 0


def test_a_machine_of_one_core_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    with pytest.raises(BenchmarkError, match="may use 1 core; expected 2, one for each server"):
        own_cores(2)
    assert own_cores(1) == [3]


def test_a_quick_run_measures_and_plans(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    options = ("--model", "tiny", "--engines", str(tiny_ctc_engines.parent), "--out", str(tmp_path), "--quick")
    done = CliRunner().invoke(bench, ["planner", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert violations_in(tmp_path / f"{NAME}.json") == []
    document = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert {trial["side"] for trial in document["trials"]} == {ALONE, *TOGETHER}
    assert document["summary"]["planned.streams"] > 0
    assert "quick run: a smoke test, not for quoting" in document["valid"]
    assert "| two at once, measured |" in done.stdout


def test_the_page_quotes_the_committed_result() -> None:
    from speechtrt.benchmarks.headline import updated

    page = (ROOT / "docs/kubernetes.md").read_text()
    assert updated(page, quotation(ROOT / "benchmarks/results/cpu")) == page


def test_a_quotation_has_the_result_s_numbers_and_needs_one_that_is_valid(tmp_path: Path) -> None:
    assert quotation(tmp_path) == ""
    from speechtrt.benchmarks.measure.result import Result

    summary = summarise(ROUNDS, Planned(Agreement(594, 648, 552), step_ratio=1.1))
    trials = tuple(trial for one in ROUNDS for trial in one.trials)
    bars = judge_bars(PROMISES, summary)
    result: Result[StreamLoad, StreamTrial] = Result(
        kind="planner", environment=read_environment(), load=LOAD, trials=trials, summary=summary, bars=bars, valid=True
    )
    PlannerReport(result).write(tmp_path)
    assert violations_in(tmp_path / f"{NAME}.json") == []
    text = quotation(tmp_path)
    assert "| two at once, planned with what a neighbour costs | 594 | +7.6% |" in text
    assert "85% of twice" in text and "was kept" in text
    PlannerReport(replace(result, valid=("noisy",))).write(tmp_path)
    with pytest.raises(DataError, match=r"may not be quoted \(noisy\)"):
        quotation(tmp_path)
