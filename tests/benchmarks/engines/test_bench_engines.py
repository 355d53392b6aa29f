"""`speechtrt bench engines` on engine sets of tiny random models."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from speechtrt.benchmarks.commands import bench
from speechtrt.benchmarks.engines.benchmark import EnginesPlan, run_engines
from speechtrt.benchmarks.engines.chores import build_warm, validate_all
from speechtrt.benchmarks.engines.contents import PRODUCTS, acceptance, contents, matmul_share
from speechtrt.benchmarks.engines.promises import promises
from speechtrt.benchmarks.engines.report import EnginesReport
from speechtrt.benchmarks.engines.timing import time_stages, widened
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.quality.check import SpeechQuality
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.scenario import initial_states
from speechtrt.errors import BenchmarkError
from speechtrt.precision import Precision
from tests.benchmarks.schema_check import violations_in


@pytest.fixture(scope="module")
def sets(tiny_tts_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same engines under both names, so that neither side can be faster."""
    root = tmp_path_factory.mktemp("engines") / "tiny-voice"
    for name in ("ort-cpu-fp32", "ort-cpu-int8"):
        shutil.copytree(tiny_tts_engines, root / name)
    return root


@pytest.fixture(scope="module")
def report(sets: Path) -> Iterator[EnginesReport]:
    plan = EnginesPlan({"tiny-voice": sets}, ("tiny-voice",), (), SpeechQuality, trials=3, quick=True)
    yield run_engines(plan, lambda _: None)


def test_every_stage_is_timed_in_every_batch_and_round(report: EnginesReport) -> None:
    places = [(t.stage, t.batch) for t in report.result.trials]
    assert places == [(s, b) for s in ("encoder", "decoder", "postnet", "vocoder") for b in (1, 16)] * 3


def test_equal_engines_take_equal_time(report: EnginesReport) -> None:
    found = [value for name, value in report.result.summary.items() if name.endswith(".speedup")]
    assert len(found) == 8 and all(0.5 < value < 2.0 for value in found)


def test_the_document_keeps_its_schema(report: EnginesReport, tmp_path: Path) -> None:
    path = report.write(tmp_path)
    assert violations_in(path) == []
    assert "quick run: a smoke test, not for quoting" in json.loads(path.read_text())["valid"]
    assert "| tiny-voice | ort-cpu-fp32 | vocoder | 16 |" in path.with_suffix(".md").read_text()


def test_more_rows_are_the_recorded_ones_again(tiny_tts_engines: Path) -> None:
    engines = EngineFolder.open(tiny_tts_engines)
    stage = engines.manifest.model.stage("decoder")
    recorded = decode_evaluation(engines.file(f"{EVALUATION}/decoder.npz"), stage).playlist
    rows = next(iter(recorded.scenarios[0].fixed.values())).shape[0]
    wide = widened(recorded, 2 * rows + 1)
    for name, value in wide.scenarios[0].fixed.items():
        assert np.array_equal(value[rows : 2 * rows], recorded.scenarios[0].fixed[name])
    assert all(value.shape[0] == 2 * rows + 1 for value in initial_states(wide, wide.scenarios[0]).values())


def test_a_larger_batch_costs_more(sets: Path) -> None:
    vocoder = {t.batch: t.seconds for t in time_stages(sets / "ort-cpu-int8", sets / "ort-cpu-fp32", (1, 8))}
    assert vocoder[8] > 2 * vocoder[1]


def test_a_share_counts_weights_of_products_alone(tiny_tts_engines: Path) -> None:
    manifest = EngineFolder.open(tiny_tts_engines).manifest
    assert matmul_share(manifest) == 0.0  # fp32
    rows = [replace(row, precision=Precision.INT8) if row.op in PRODUCTS else row for row in manifest.stages[1].policy]
    decoder = replace(manifest.stages[1], policy=tuple(rows))
    assert matmul_share(replace(manifest, stages=(decoder,))) == 1.0
    assert acceptance(replace(manifest, stages=(decoder,))) == {
        "tiny-voice.ort-cpu-fp32.stages_share": 1.0,
        "tiny-voice.ort-cpu-fp32.matmul_share": 1.0,
    }
    fell_back = replace(manifest, requested=Precision.INT8)
    assert acceptance(fell_back)["tiny-voice.ort-cpu-int8.stages_share"] == 0.0
    assert contents(manifest, manifest)["tiny-voice.ort-cpu-fp32.decoder.bytes_ratio"] == 1.0


def test_promises_that_were_not_measured_are_not_judged() -> None:
    side = "voice.ort-cpu-int8"
    shares = {f"{side}.matmul_share": 0.79, f"{side}.stages_share": 1.0}
    summary = shares | {"build_warm_seconds": 0.4, "validate_seconds": 200.0}
    bars = {bar.number: bar.passed for bar in judge_bars(promises([side]), summary)}
    assert bars == {
        "validate_seconds": False,
        "build_warm_seconds": True,
        "voice.ort-cpu-int8.matmul_share": False,
        "voice.ort-cpu-int8.stages_share": True,
    }


def test_validation_is_timed_and_a_damaged_set_ends_it(sets: Path, tmp_path: Path) -> None:
    said: list[str] = []
    seconds = validate_all([sets], SpeechQuality, said.append)
    assert seconds > 0 and len(said) == 2
    shutil.copytree(sets, tmp_path / "broken")
    vocoder = tmp_path / "broken" / "ort-cpu-int8" / "vocoder.onnx"
    vocoder.write_bytes(vocoder.read_bytes()[:-1])
    with pytest.raises(BenchmarkError, match=r"ort-cpu-int8: 2 checks failed, first hashes; `speechtrt validate"):
        validate_all([tmp_path / "broken"], SpeechQuality, said.append)


def test_a_warm_build_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"a warm build failed: .*; run `speechtrt engines` first"):
        build_warm(tmp_path / "nothing")


def test_without_engines_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BenchmarkError, match="has no model with ort-cpu-int8 and ort-cpu-fp32 engines; run"):
        CliRunner().invoke(bench, ("engines", "--quick"), catch_exceptions=False)


def test_one_precision_alone_is_refused(tmp_path: Path, sets: Path) -> None:
    shutil.copytree(sets / "ort-cpu-fp32", tmp_path / "ort-cpu-fp32")
    plan = EnginesPlan({"tiny": tmp_path}, ("tiny",), (), SpeechQuality, trials=1, quick=True)
    with pytest.raises(BenchmarkError, match="ort-cpu-int8: there is no engine set; build"):
        run_engines(plan, lambda _: None)
