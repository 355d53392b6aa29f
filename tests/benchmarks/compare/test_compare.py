"""`speechtrt compare` over made-up results whose answers are known."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from speechtrt.benchmarks.compare.commands import compare
from speechtrt.benchmarks.compare.comparison import compare_results
from speechtrt.benchmarks.compare.difference import Verdict
from speechtrt.errors import BenchmarkError

ENVIRONMENT = {"cpu": "a", "cores": 2, "system": "Linux"}
LATENCIES = np.random.default_rng(0).uniform(1.0, 4.0, 24)


def tts(factor: float = 1.0, noise: float = 0.01, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)

    def trial(side: str) -> dict[str, Any]:
        seconds = LATENCIES * factor * rng.normal(1.0, noise, LATENCIES.size)
        requests = [
            {"utterance": i, "latency_seconds": float(s), "first_audio_seconds": float(s) / 4}
            for i, s in enumerate(seconds)
        ]
        return {
            "side": side,
            "scenario": "burst",
            "wall_seconds": float(seconds.sum()),
            "batch_fill": 0.9,
            "requests": requests,
        }

    return {
        "schema": 1,
        "kind": "tts",
        "environment": ENVIRONMENT,
        "load": {"model": "voice", "utterances": 24},
        "trials": [trial("engines") for _ in range(3)],
        "summary": {"latency_mean_ratio": 0.1},
        "valid": True,
    }


def asr(factor: float, wer: float) -> dict[str, Any]:
    trial = {
        "side": "engines",
        "chunk_milliseconds": 560,
        "batch": 1,
        "audio_seconds": 10.0,
        "character_error_rate": 0.1,
    }
    walls = [1.0, 1.02, 0.98, 1.01]
    return {
        **tts(),
        "kind": "asr",
        "trials": [{**trial, "wall_seconds": factor * wall, "word_error_rate": wer} for wall in walls],
    }


def stream(p95: float, purpose: str = "fixed") -> dict[str, Any]:
    return {
        **tts(),
        "kind": "stream",
        "trials": [
            {
                "side": "engines",
                "chunk_milliseconds": 560,
                "streams": 64,
                "purpose": purpose,
                "cpu_seconds": 5.0,
                "wall_seconds": 10.0,
                "dropped_seconds": 0.0,
                "chunk": {"mean": p95 / 2, "p95": p95 * jitter},
            }
            for jitter in (0.99, 1.0, 1.01)
        ],
    }


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "a.json", tmp_path / "b.json"


def verdicts(
    files: tuple[Path, Path], a: dict[str, Any], b: dict[str, Any], tolerance: float = 0.0
) -> dict[str, Verdict]:
    for path, content in zip(files, (a, b), strict=True):
        path.write_text(json.dumps(content))
    return {d.metric: d.verdict for d in compare_results(*files, tolerance).differences}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(compare, [str(a) for a in arguments], catch_exceptions=False)


def test_a_result_is_the_same_as_itself(files: tuple[Path, Path]) -> None:
    assert set(verdicts(files, tts(), tts()).values()) == {Verdict.SAME}


def test_noise_is_no_evidence_of_a_difference(files: tuple[Path, Path]) -> None:
    found = verdicts(files, tts(noise=0.05), tts(noise=0.05, seed=9))
    assert found["latency_seconds"] is Verdict.UNCLEAR


def test_pairs_show_a_small_change_that_spread_would_hide(files: tuple[Path, Path]) -> None:
    found = verdicts(files, tts(), tts(1.02, seed=9))
    assert found["latency_seconds"] is found["first_audio_seconds"] is Verdict.WORSE
    assert verdicts(files, tts(), tts(0.98, seed=9))["latency_seconds"] is Verdict.BETTER


def test_the_interval_holds_the_true_change(files: tuple[Path, Path]) -> None:
    verdicts(files, tts(), tts(1.10, seed=9))
    [latency] = [d for d in compare_results(*files).differences if d.metric == "latency_seconds"]
    assert latency.paired
    assert latency.samples == 24
    assert latency.low is not None and latency.high is not None
    assert latency.low < 0.10 < latency.high < 0.12


def test_rates_are_better_when_higher(files: tuple[Path, Path]) -> None:
    assert verdicts(files, tts(), tts(0.8, seed=9))["utterances_per_second"] is Verdict.BETTER
    assert verdicts(files, tts(), tts(1.2, seed=9))["utterances_per_second"] is Verdict.WORSE


def test_a_change_within_the_tolerance_is_put_up_with(files: tuple[Path, Path]) -> None:
    assert verdicts(files, tts(), tts(1.02, seed=9), tolerance=0.05)["latency_seconds"] is Verdict.UNCLEAR
    assert verdicts(files, tts(), tts(1.10, seed=9), tolerance=0.05)["latency_seconds"] is Verdict.WORSE


def test_recognition_is_compared_by_pass(files: tuple[Path, Path]) -> None:
    found = verdicts(files, asr(1.0, 0.2), asr(1.5, 0.25))
    assert found == {
        "real_time_factor": Verdict.WORSE,
        "word_error_rate": Verdict.WORSE,
        "character_error_rate": Verdict.SAME,
    }


def test_live_streams_are_compared_by_run(files: tuple[Path, Path]) -> None:
    found = verdicts(files, stream(0.05), stream(0.04))
    assert found["chunk_latency_p95"] is Verdict.BETTER
    assert found["dropped_seconds"] is found["cpu_per_stream"] is Verdict.SAME
    with pytest.raises(BenchmarkError, match="no side in common"):
        verdicts(files, stream(0.05), stream(0.04, "search"))


def test_few_trials_are_too_few(files: tuple[Path, Path]) -> None:
    one = asr(1.5, 0.2)
    one["trials"] = one["trials"][:2]
    assert verdicts(files, asr(1.0, 0.2), one)["real_time_factor"] is Verdict.FEW


def test_a_gate_fails_only_on_what_it_names(files: tuple[Path, Path]) -> None:
    verdicts(files, tts(), tts(1.2, seed=9))
    assert run(*files).exit_code == 0
    assert run(*files, "--fail-on", "batch_fill").exit_code == 0
    failed = run(*files, "--fail-on", "latency*")
    assert failed.exit_code == 1
    assert "WORSE engines, burst: latency_seconds" in failed.stderr
    assert run(*files, "--fail-on", "any", "--tolerance", "0.5").exit_code == 0


def test_the_document_says_what_the_table_says(files: tuple[Path, Path]) -> None:
    verdicts(files, tts(), {**tts(1.2, seed=9), "valid": ["quick run"]})
    document = json.loads(run(*files, "--json").stdout)
    assert document["schema"] == 1
    assert document["doubts"] == [f"{files[1]} is marked as not valid for quoting"]
    assert [d["verdict"] for d in document["differences"]][:2] == ["worse", "worse"]
    assert "| engines, burst | latency_seconds |" in run(*files).stdout


def test_other_machines_are_pointed_out(files: tuple[Path, Path]) -> None:
    verdicts(files, tts(), {**tts(), "environment": {**ENVIRONMENT, "cpu": "b"}})
    assert "different machines" in run(*files).stderr


def test_what_cannot_be_compared_is_one_clear_line(files: tuple[Path, Path]) -> None:
    good = tts()
    for bad, message in (
        ({**good, "schema": 2}, "has schema 2, this version compares schema 1"),
        ({**good, "kind": "ctc_reference"}, "of kind 'ctc_reference'; expected one of tts, asr"),
        (asr(1.0, 0.2), "is of kind 'tts' and .* of kind 'asr'"),
        ({**good, "load": {"model": "voice", "utterances": 48}}, r"different loads \(utterances: 24 and 48\)"),
        ({"hello": 1}, "is no result document"),
        ({**good, "trials": [{"side": "engines"}]}, "a trial lacks"),
        ({**good, "trials": _renamed(good)}, "have no side in common"),
    ):
        with pytest.raises(BenchmarkError, match=message) as refused:
            verdicts(files, good, bad)
        assert "\n" not in str(refused.value)
    files[1].write_text("{")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        compare_results(*files)
    with pytest.raises(BenchmarkError, match="cannot be read"):
        compare_results(files[0], files[0].with_name("missing.json"))


def _renamed(document: dict[str, Any]) -> list[dict[str, Any]]:
    trials: list[dict[str, Any]] = copy.deepcopy(document["trials"])
    return [{**trial, "side": "others"} for trial in trials]
