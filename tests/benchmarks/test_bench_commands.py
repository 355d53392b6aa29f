"""`speechtrt bench` from end to end, on engines of tiny random models."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from speechtrt.benchmarks.commands import bench
from speechtrt.benchmarks.engine_sets import model_of
from speechtrt.errors import BenchmarkError
from tests.benchmarks.schema_check import violations_in

ENGINES = "ort-cpu-fp32"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bench, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def tts_run(
    tts_checkpoint: Path, tiny_tts_engines: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("results")
    options = (
        "--engines",
        str(tiny_tts_engines.parent),
        "--out",
        str(out),
        "--threads",
        "1",
        "--slots",
        "2",
        "--quick",
        "--json",
    )
    return run("tts", "--model", str(tts_checkpoint), *options), out


def test_tts_prints_the_document_that_it_writes(tts_run: tuple[Result, Path]) -> None:
    result, out = tts_run
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads((out / "tts_benchmarks.json").read_text())
    assert violations_in(out / "tts_benchmarks.json") == []
    assert (out / "tts_benchmarks.png").stat().st_size > 10_000


def test_tts_climbs_the_ladder_on_one_load(tts_run: tuple[Result, Path]) -> None:
    document = json.loads((tts_run[1] / "tts_benchmarks.json").read_text())
    burst = {t["side"]: t for t in document["trials"] if t["scenario"] == "burst"}
    assert list(burst) == ["baseline", ENGINES, f"{ENGINES}-batched", f"{ENGINES}-overlapped", "eager-uncached"]
    compared = [t for side, t in burst.items() if side != "eager-uncached"]
    assert [len(t["requests"]) for t in compared] == [document["load"]["utterances"]] * 4 == [3] * 4
    assert burst["baseline"]["batch_fill"] == burst[ENGINES]["batch_fill"] == 1
    assert 0.5 < burst[f"{ENGINES}-batched"]["batch_fill"] <= 1
    assert document["summary"][f"{ENGINES}.peak_memory_bytes"] > 2**25
    assert document["summary"]["memory_ratio"] < 1  # the engines' process never loads PyTorch


def test_tts_judges_its_promises(tts_run: tuple[Result, Path]) -> None:
    document = json.loads((tts_run[1] / "tts_benchmarks.json").read_text())
    assert len(document["bars"]) == 9  # random weights have no quality
    assert {bar["passed"] for bar in document["bars"]} <= {True, False}
    assert "| promise | measured | bar |  |" in (tts_run[1] / "tts_benchmarks.md").read_text()
    scenes = {t["scenario"] for t in document["trials"]}
    assert {"alone", "poisson", "saturated", "mixed-continuous", "mixed-static", "five-seconds", "capacity"} <= scenes


def test_a_quick_tts_run_is_not_for_quoting(tts_run: tuple[Result, Path]) -> None:
    document = json.loads((tts_run[1] / "tts_benchmarks.json").read_text())
    assert "quick run: a smoke test, not for quoting" in document["valid"]


def test_asr_hears_every_chunk_in_every_batch(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    options = ("--engines", str(tiny_ctc_engines.parent), "--out", str(tmp_path), "--threads", "1", "--quick")
    result = run("asr", "--model", "tiny", *options)
    assert result.exit_code == 0, result.output
    assert violations_in(tmp_path / "asr_benchmarks.json") == []
    document = json.loads((tmp_path / "asr_benchmarks.json").read_text())
    assert [(t["chunk_milliseconds"], t["batch"]) for t in document["trials"]] == [
        (160, 1),
        (160, 4),
        (560, 1),
        (560, 4),
    ]
    assert document["summary"]["word_error_rate"] > 0.5  # random weights hear nothing
    assert f"| {ENGINES} | 560 | 4 |" in result.stdout


def test_no_engines_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="has no accepted ort-cpu engine set; run `speechtrt engines`"):
        run("tts", "--model", "somewhere", "--engines", str(tmp_path))


def test_an_unknown_reference_model_is_one_clear_line() -> None:
    with pytest.raises(BenchmarkError, match="no reference model 'nobody'"):
        run("tts", "--model", "nobody")


def test_engines_of_other_weights_are_refused(tts_checkpoint: Path, tiny_tts_engines: Path, tmp_path: Path) -> None:
    other = tmp_path / "checkpoint"
    shutil.copytree(tts_checkpoint, other)
    voice = next((other / "voices").iterdir())
    voice.write_bytes(voice.read_bytes()[:-1] + b"\x00")
    with pytest.raises(BenchmarkError, match="was built from other weights than"):
        run("tts", "--model", str(other), "--engines", str(tiny_tts_engines.parent))


def test_engine_sets_of_different_bundles_are_refused(tiny_tts_engines: Path, tiny_ctc_engines: Path) -> None:
    with pytest.raises(BenchmarkError, match="a and b were built from different bundles"):
        model_of({"a": tiny_tts_engines, "b": tiny_ctc_engines})


def test_engines_of_the_wrong_task_are_refused(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BenchmarkError, match="holds a ctc model, expected a tts model"):
        run("tts", "--model", "x", "--engines", str(tiny_ctc_engines.parent))


def test_stream_searches_confirms_and_overloads(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    options = ("--engines", str(tiny_ctc_engines.parent), "--out", str(tmp_path), "--chunk", "160", "--quick")
    result = run("stream", "--model", "tiny", *options)
    assert result.exit_code == 0, result.output
    assert violations_in(tmp_path / "streaming_performance.json") == []
    document = json.loads((tmp_path / "streaming_performance.json").read_text())
    assert {t["purpose"] for t in document["trials"]} >= {"fixed", "search", "overload", "recovery"}
    [fixed] = [t for t in document["trials"] if t["purpose"] == "fixed"]
    assert (fixed["streams"], fixed["refused"], fixed["dropped_seconds"], fixed["different"]) == (8, 0, 0, 0)
    assert 0.7 * 8 < fixed["sent_seconds"] / fixed["wall_seconds"] < 1.3 * 8
    assert fixed["chunk"]["count"] > 30 and sum(fixed["histogram"]) == fixed["chunk"]["count"]
    assert (tmp_path / "streaming_performance.png").stat().st_size > 10_000


def test_stream_judges_its_promises_and_names_a_peers_settings(
    tiny_ctc_engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--engines", str(tiny_ctc_engines.parent), "--out", str(tmp_path), "--chunk", "560", "--quick")
    result = run("stream", "--model", "tiny", "--peer", "sherpa-onnx", *options)
    assert result.exit_code == 0, result.output
    assert violations_in(tmp_path / "streaming_performance.json") == []
    document = json.loads((tmp_path / "streaming_performance.json").read_text())
    peer, summary = document["load"]["peer"], document["summary"]
    assert peer["settings"]["560"] in [one["settings"] for one in peer["tried"]["560"]]
    assert {t["side"] for t in document["trials"]} == {ENGINES, "sherpa-onnx", "overload"}
    assert all(t["client_cpu_seconds"] > 0 and t["cpu_seconds"] > 0 for t in document["trials"])
    assert summary["peer.streams_at_slo"] > 0 and summary["streams_ratio"] > 0
    assert (summary["texts.utterances"], summary["texts.different"]) == (6, 0)
    assert 0 < summary["chunk_560.features_share_of_encoder"] < 1 and summary["floor.chunk_560.streams"] > 16
    assert "streams in time against sherpa-onnx at its best" in {bar["name"] for bar in document["bars"]}
    assert "| promise | measured | bar |  |" in result.stdout


def test_stream_names_the_engines_there_are(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BenchmarkError, match="has no accepted ort-cpu-int8 engines; it has ort-cpu-fp32"):
        run("stream", "--model", "tiny", "--engines", str(tiny_ctc_engines.parent), "--precision", "int8", "--quick")
