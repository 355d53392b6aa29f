import dataclasses
import json
from pathlib import Path

import pytest

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.machine import MachineRates
from speechtrt.benchmarks.tts.floor import Cost, floor_numbers, stage_floors
from speechtrt.benchmarks.tts.load import ARRIVAL, TtsLoad
from speechtrt.benchmarks.tts.measurement import Measurement
from speechtrt.benchmarks.tts.report import TtsReport, make_report
from speechtrt.benchmarks.tts.summary import BASELINE, doubts, summarise
from speechtrt.benchmarks.tts.trial import Single, TtsTrial
from tests.benchmarks.schema_check import violations, violations_in

ENGINES = "ort-cpu-fp32"
COST = Cost(
    encoder_weights=1000,
    decoder_weights=4000,
    postnet_flops_per_frame=100.0,
    vocoder_flops_per_frame=1000.0,
    tokens=50,
    frame_seconds=0.02,
    reduction=2,
    rates=MachineRates(flops_per_second=1e6, bytes_per_second=1e6),
)
LOAD = TtsLoad(
    model="tiny",
    weights="random weights",
    utterances=2,
    characters=20,
    steps="5 decoder steps",
    arrival=ARRIVAL,
    baseline="PyTorch",
    optimised=ENGINES,
    slots=4,
    threads=1,
    trials=3,
    seed=0,
)


def trial(side: str, wall: float, foreign: float = 0.0, audio: float = 2.0) -> TtsTrial:
    return TtsTrial(
        side=side,
        wall_seconds=wall,
        cpu_seconds=wall * 1.5,
        foreign_share=foreign,
        latency_seconds=(wall / 2, wall),
        audio_seconds=(audio / 4, audio * 3 / 4),
        stage_seconds={"decoder": wall * 0.75, "vocoder": wall * 0.25},
        batch_fill=0.5,
        decoder_steps=10,
        singles=(Single(0, wall / 4, wall / 8),),
    )


def measured(engines: list[TtsTrial], baseline: tuple[float, ...] = (8.0, 8.0, 8.0)) -> Measurement:
    slow = [trial(BASELINE, wall) for wall in baseline]
    rounds = tuple(t for pair in zip(slow, engines, strict=True) for t in pair)
    return Measurement(rounds, {BASELINE: 4000, ENGINES: 1000})


QUIET = measured([trial(ENGINES, 1.0), trial(ENGINES, 1.0), trial(ENGINES, 1.0)])


def report(found: Measurement, quick: bool = False) -> TtsReport:
    summary = summarise(found, ENGINES)
    summary |= floor_numbers(COST, summary, ENGINES)
    return make_report(read_environment(), LOAD, found, summary, quick)


def test_ratios_are_engines_over_baseline() -> None:
    found = summarise(QUIET, ENGINES)
    assert found["latency_mean_ratio"] == pytest.approx(1 / 8)
    assert found["latency_single_ratio"] == pytest.approx(1 / 8)
    assert found["throughput_ratio"] == pytest.approx(8)
    assert found["audio_throughput_ratio"] == pytest.approx(8)
    assert found["memory_ratio"] == pytest.approx(0.25)
    assert found["first_audio_seconds_p50"] == pytest.approx(0.125)


def test_absolute_numbers_stand_beside_the_ratios() -> None:
    found = summarise(QUIET, ENGINES)
    assert found[f"{BASELINE}.latency_seconds_p50"] == pytest.approx(6.0)
    assert found[f"{BASELINE}.utterances_per_second"] == pytest.approx(0.25)
    assert found[f"{ENGINES}.audio_seconds_per_second"] == pytest.approx(2.0)
    assert found[f"{ENGINES}.real_time_factor"] == pytest.approx(0.5)
    assert found[f"{ENGINES}.decoder_seconds"] == pytest.approx(0.75)


def test_the_lowest_ratio_is_of_neighbouring_trials() -> None:
    found = summarise(measured([trial(ENGINES, w) for w in (1.0, 2.0, 1.0)], (8.0, 12.0, 8.0)), ENGINES)
    assert found["throughput_ratio_lowest"] == pytest.approx(6.0)


def test_steady_quiet_trials_leave_no_doubt() -> None:
    assert doubts(QUIET, summarise(QUIET, ENGINES)) == []


def test_trials_that_vary_too_much_are_not_valid() -> None:
    shaky = measured([trial(ENGINES, w) for w in (1.0, 1.4, 0.8)])
    assert [r for r in doubts(shaky, summarise(shaky, ENGINES)) if r.startswith(f"{ENGINES}: the mean rate of")]
    assert report(shaky).result.valid is not True


def test_a_busy_machine_is_not_valid() -> None:
    busy = measured([trial(ENGINES, 1.0, foreign=f) for f in (0.0, 0.3, 0.0)])
    assert [r for r in doubts(busy, summarise(busy, ENGINES)) if "other processes used 30%" in r]


def test_sides_must_speak_for_the_same_time() -> None:
    hasty = measured([trial(ENGINES, 1.0, audio=1.5) for _ in range(3)])
    assert [r for r in doubts(hasty, summarise(hasty, ENGINES)) if "spoke 75% of the baseline's audio" in r]


def test_the_floor_reads_weights_once_a_step_or_computes() -> None:
    frames = 100.0
    few_steps = stage_floors(COST, audio_seconds=frames * 0.02, steps=10)
    assert few_steps["decoder"] == pytest.approx(2 * 4000 * 50 / 1e6)
    many_steps = stage_floors(COST, audio_seconds=frames * 0.02, steps=50)
    assert many_steps["decoder"] == pytest.approx(4 * 4000 * 50 / 1e6)
    assert many_steps["vocoder"] == pytest.approx(0.1)
    assert many_steps["encoder"] == pytest.approx(0.1)


def test_a_document_follows_its_schema_on_disk_and_off(tmp_path: Path) -> None:
    made = report(QUIET)
    path = made.write(tmp_path, "tts_benchmarks")
    assert violations_in(path) == []
    document = json.loads(path.read_text())
    assert document["valid"] is True
    assert document["load"] == dataclasses.asdict(LOAD)
    assert document["summary"] == made.result.summary
    assert [t["side"] for t in document["trials"]] == [BASELINE, ENGINES] * 3
    assert violations({**document, "load": {**document["load"], "weights": "good weights"}})
    assert violations({**document, "environment": {**document["environment"], "host": "box"}})


def test_a_quick_document_says_so(tmp_path: Path) -> None:
    document = json.loads(report(QUIET, quick=True).write(tmp_path, "tts_benchmarks").read_text())
    assert document["valid"] == ["quick run: a smoke test, not for quoting"]
    assert violations(document) == []


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    from matplotlib.image import imread

    report(QUIET).write(tmp_path, "tts_benchmarks")
    pixels = imread(tmp_path / "tts_benchmarks.png")
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 1000
    colors = {tuple(round(float(c), 1) for c in p[:3]) for p in pixels[::5, ::5].reshape(-1, pixels.shape[-1])}
    assert {(0.0, 0.4, 0.7), (0.8, 0.4, 0.0)} <= colors  # decoder and vocoder bars


def test_the_table_has_a_column_per_side() -> None:
    lines = report(QUIET).table.splitlines()
    assert lines[0] == f"|  | {BASELINE} | {ENGINES} |"
    assert "| latency, mean [s] | 6 | 0.75 (0.125x) |" in lines
    assert {line.count("|") for line in lines} == {4}
