"""Plans from results whose answer is known by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.cli import root
from speechtrt.deploy.planner.jitter import with_jitter
from speechtrt.deploy.planner.measured import SpeechCost, StepCost, fitted, latencies, read_result, step_cost
from speechtrt.deploy.planner.speech import most_texts, speech_latency
from speechtrt.deploy.planner.streams import chunk_latency, most_streams
from tests.deploy.planner.documents import speech_document, stream_document

COST = StepCost(fixed=0.004, row=0.001, batch=16, workers=2, chunk_seconds=0.56)


def deploy(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["deploy", "plan", *map(str, arguments)])


def test_the_cost_of_a_step_is_read_from_the_runs(tmp_path: Path) -> None:
    found = step_cost(read_result(stream_document(tmp_path)))
    assert found.fixed == pytest.approx(0.004)
    assert found.row == pytest.approx(0.001)
    assert (found.batch, found.workers, found.chunk_seconds) == (16, 2, 0.56)


@given(
    st.lists(st.tuples(st.floats(1, 16), st.floats(0.001, 1)), min_size=2, max_size=8)
    | st.lists(st.tuples(st.just(1.0), st.floats(0.001, 1)), min_size=2, max_size=8)
)
def test_no_cost_is_negative(points: list[tuple[float, float]]) -> None:
    fixed, row = fitted(points)
    assert fixed >= 0 and row >= 0 and fixed + row > 0


def test_short_steps_count_as_much_as_long_ones() -> None:
    fixed, row = fitted([(1.0, 0.005), (2.0, 0.006), (32.0, 0.040)])
    assert fixed + row == pytest.approx(0.005, rel=0.05)  # absolute errors would say a step of one row takes less


def test_steps_that_differ_make_chunks_late_before_the_engine_is_full() -> None:
    uneven = replace(COST, jitter=0.4)
    assert chunk_latency(uneven, 700, seed=0) > 1.3 * chunk_latency(COST, 700, seed=0)
    assert 0.7 < most_streams(uneven, 0.1, seed=0) / most_streams(COST, 0.1, seed=0) < 0.95


@pytest.mark.parametrize("jitter", [0.2, 0.5])
def test_how_much_steps_differ_is_read_from_measured_latencies(tmp_path: Path, jitter: float) -> None:
    truth = replace(COST, jitter=jitter)
    document = json.loads(stream_document(tmp_path).read_text())
    trials = [
        {**document["trials"][2], "streams": streams, "chunk": {"p95": chunk_latency(truth, streams, seed=1)}}
        for streams in (100, 700, 750)
    ]
    overloaded = {**trials[0], "streams": 5000, "chunk": {"p95": 0.3}}
    file = stream_document(tmp_path, trials=[*trials, *document["trials"][:2], overloaded])
    found = latencies(read_result(file), COST, limit=0.1)
    assert [streams for streams, _ in found] == [100, 700, 750]
    assert with_jitter(COST, found, seed=0).jitter == pytest.approx(jitter, abs=0.1)


def test_without_latencies_steps_are_even() -> None:
    assert with_jitter(COST, [], seed=0) == COST


def test_a_busy_worker_waits_for_company_as_the_runtime_does() -> None:
    """At 70 % load batches form by waiting, so chunks take longer than steps do."""
    one = StepCost(fixed=0.002, row=0.0014, batch=32, workers=1, chunk_seconds=0.56)
    assert chunk_latency(one, 40, seed=0) < 0.010
    assert chunk_latency(one, 256, seed=0) > 0.030


def test_a_plan_is_held_against_replicas(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    file = stream_document(tmp_path)
    planned = most_streams(COST, 0.1, seed=0)
    replica = stream_document(tmp_path / "a", summary={"chunk_560.streams_at_slo": round(planned / 1.1)})
    demand = ("--hardware", file, "--streams", 10, "--headroom", 1)
    close = deploy(*demand, "--replica", replica, "--replica", replica, "--json")
    assert close.exit_code == 0, close.output
    assert json.loads(close.stdout)["agreement"] == {
        "replicas": 2,
        "planned": 2 * planned,
        "planned_alone": 2 * planned,
        "measured": 2 * round(planned / 1.1),
    }
    assert f"({planned / round(planned / 1.1) - 1:+.1%})" in close.stderr
    stream_document(tmp_path / "a", summary={"chunk_560.streams_at_slo": round(planned / 1.2)})
    assert deploy(*demand, "--replica", replica).exit_code == 1
    stream_document(tmp_path / "a", summary={})
    assert "lacks chunk_560.streams_at_slo" in str(deploy(*demand, "--replica", replica).exception)
    assert deploy("--utterances", "5/s", "--hardware", speech_document(tmp_path), "--replica", replica).exit_code == 2


def test_steps_beside_a_neighbour_take_as_long_as_they_did_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    file = stream_document(tmp_path)
    carried = {"chunk_560.streams_at_slo": 700}
    slow = stream_document(tmp_path / "a", fixed=0.005, row=0.00125, summary=carried)
    done = deploy("--hardware", file, "--streams", 10, "--headroom", 1, "--replica", slow, "--json")
    document = json.loads(done.stdout)
    assert document["plan"]["step_ratio"] == pytest.approx(1.25)
    slowed = most_streams(COST.slowed(1.25), 0.1, seed=0)
    assert document["plan"]["streams_per_server"] == document["agreement"]["planned"] == pytest.approx(slowed, abs=1)
    assert document["agreement"]["planned_alone"] == most_streams(COST, 0.1, seed=0) > 1.2 * slowed
    assert "steps take 1.25 times as long as alone" in done.stderr
    trials = [{**trial, "purpose": "search"} for trial in json.loads(slow.read_text())["trials"]]
    unfixed = stream_document(tmp_path / "a", summary=carried, trials=trials)
    done = deploy("--hardware", file, "--streams", 10, "--replica", unfixed)
    assert "no run of 560 ms chunks at a fixed number of streams" in str(done.exception)


def test_streams_are_bounded_by_what_full_batches_can_do() -> None:
    """Two workers do 16 rows in 20 ms: 1600 rows a second, 896 streams of 560 ms, and nearly all of them in time."""
    bound = 2 * 16 / COST.seconds(16) * 0.56
    found = most_streams(COST, 0.1, seed=0)
    assert 0.9 * bound < found <= 1.02 * bound
    assert chunk_latency(COST, 1, seed=0) == pytest.approx(COST.seconds(1))


def test_texts_are_bounded_by_the_rate_and_wait_longer_the_more_come() -> None:
    cost = SpeechCost(single=0.1, rate=40.0, slots=8)
    found = most_texts(cost, 1.0, seed=0)
    assert 0.7 * 40 < found < 40
    assert speech_latency(cost, 0.1, seed=0) == pytest.approx(0.3, rel=0.1)  # 95 % of an exponential: three means
    assert speech_latency(cost, 20, seed=0) < speech_latency(cost, 35, seed=0)


def test_a_plan_says_servers_and_what_they_cost(tmp_path: Path) -> None:
    files = ("--hardware", stream_document(tmp_path), "--hardware", speech_document(tmp_path))
    demand = ("--streams", 5000, "--utterances", "200/s", "--price", 2)
    done = deploy(*files, *demand, "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    found = document["plan"]
    assert found["stream_servers"] == -(-5000 // found["streams_per_server"])
    assert 0.7 * 896 * 0.8 < found["streams_per_server"] < 896 * 0.8 * 1.02
    assert found["speech_servers"] * found["texts_per_server"] >= 200
    assert document["servers"] == found["stream_servers"] + found["speech_servers"]
    assert document["price_per_hour"] == 2 * document["servers"]
    assert found["hardware"] == ["Test CPU, 2 cores"]
    assert deploy(*files, *demand, "--json").stdout == done.stdout
    text = deploy(*files, *demand).stdout
    assert f"{found['stream_servers']} servers for 5000 streams" in text


def test_a_result_that_does_not_vouch_for_itself_is_named(tmp_path: Path) -> None:
    done = deploy("--streams", 10, "--hardware", stream_document(tmp_path, valid=["a smoke test"]))
    assert done.exit_code == 0
    assert "not valid for quoting" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--utterances", "5/s"), "no result of kind 'tts'"),
        (("--streams", 5, "--chunk", 160), "0 runs of ort-cpu-int8 with 160 ms chunks"),
        (("--streams", 5, "--chunk-p95", 0.001), "not one stream is served within 0.001 s"),
    ],
)
def test_what_cannot_be_planned(tmp_path: Path, arguments: tuple[object, ...], reason: str) -> None:
    done = deploy("--hardware", stream_document(tmp_path), *arguments)
    assert (done.exit_code, reason in str(done.exception)) == (1, True), done.exception


def test_wrong_usage_and_files_that_are_no_results(tmp_path: Path) -> None:
    file = stream_document(tmp_path)
    assert deploy("--hardware", file).exit_code == 2
    assert deploy("--hardware", file, "--utterances", "5/h").exit_code == 2
    assert deploy("--hardware", tmp_path / "none.json", "--streams", 1).exit_code == 2
    file.write_text("{}")
    assert "is no result of `speechtrt bench`" in str(deploy("--hardware", file, "--streams", 1).exception)
    incomplete = speech_document(tmp_path, summary={})
    assert "lacks x.single_latency" in str(deploy("--hardware", incomplete, "--utterances", "1/s").exception)
