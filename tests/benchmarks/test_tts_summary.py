"""The summary, promises, tables and document of made-up trials whose answers are known."""

import dataclasses
import json
from pathlib import Path

import pytest

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.machine import MachineRates
from speechtrt.benchmarks.tts import scenarios
from speechtrt.benchmarks.tts.baseline import BaselineSide
from speechtrt.benchmarks.tts.capacity import Capacity
from speechtrt.benchmarks.tts.floor import Cost, floor_numbers, stage_floors
from speechtrt.benchmarks.tts.ladder import Ladder, Rung
from speechtrt.benchmarks.tts.load import TtsLoad
from speechtrt.benchmarks.tts.measurement import Measurement
from speechtrt.benchmarks.tts.report import TtsReport, make_report
from speechtrt.benchmarks.tts.scenarios import BURST, IN_WORDS, SINGLE
from speechtrt.benchmarks.tts.side_numbers import Numbers
from speechtrt.benchmarks.tts.sound import Sound
from speechtrt.benchmarks.tts.summary import Extra, doubts, summarise
from speechtrt.benchmarks.tts.trial import BASELINE, UNCACHED, Served, TtsTrial
from speechtrt.quality import Allowance, Better, Scale, quality_figure
from tests.benchmarks.conftest import TINY_RULE
from tests.benchmarks.schema_check import violations, violations_in

ENGINES = "ort-cpu-fp32-overlapped"
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
    scenarios=IN_WORDS,
    baseline="PyTorch",
    optimised=ENGINES,
    slots=4,
    threads=2,
    trials=3,
    seed=0,
)
SIDE = BaselineSide("somewhere", TINY_RULE, threads=1, seed=0)
RUNGS = tuple(Rung(side, f"adds {side}", SIDE) for side in (UNCACHED, BASELINE, ENGINES))
LADDER = Ladder(RUNGS, SIDE)
EXTRA = Extra(0.2, 5.0, 16, {BASELINE: Capacity(0.0, 0.0), ENGINES: Capacity(3.0, 0.9)})


def served(number: int, latency: float, audio: float, first: float | None = None, underrun: float = 0.0) -> Served:
    return Served(number, 0.0, latency, audio, first or latency, 0.0, underrun)


def trial(side: str, wall: float, foreign: float = 0.0, audio: float = 2.0, scenario: str = BURST) -> TtsTrial:
    """Two utterances of a quarter and three quarters of `audio`, done at half and at all of `wall`."""
    return TtsTrial(
        scenario=scenario,
        side=side,
        wall_seconds=wall,
        cpu_seconds=wall * 1.5,
        foreign_share=foreign,
        stage_seconds={"decoder": wall * 0.75, "vocoder": wall * 0.25, "scheduler": wall * 0.02},
        batch_fill=0.5,
        decoder_steps=10,
        scheduler_own_seconds=wall * 0.01,
        requests=(served(0, wall / 2, audio / 4), served(1, wall, audio * 3 / 4)),
    )


def lone(side: str, latency: float) -> TtsTrial:
    alone = trial(side, latency, scenario=SINGLE)
    return dataclasses.replace(alone, requests=(served(0, latency, 1.0, latency / 2),))


def measured(engines: list[TtsTrial], baseline: tuple[float, ...] = (8.0, 8.0, 8.0)) -> Measurement:
    slow = [trial(BASELINE, wall) for wall in baseline]
    rounds = [t for pair in zip(slow, engines, strict=True) for t in pair]
    others = [
        lone(BASELINE, 2.0),
        lone(ENGINES, 0.25),
        trial(UNCACHED, 32.0),
        trial(BASELINE, 10.0, scenario=scenarios.POISSON),
        trial(ENGINES, 1.0, scenario=scenarios.POISSON),
        trial(ENGINES, 2.0, scenario=scenarios.CONTINUOUS),
        trial(ENGINES, 5.0, scenario=scenarios.STATIC),
        trial(ENGINES, 1.0, scenario=scenarios.LONG),
        dataclasses.replace(trial(ENGINES, 4.0, scenario=scenarios.SATURATED), batch_fill=0.97),
    ]
    return Measurement((*rounds, *others), {BASELINE: 4000, ENGINES: 1000})


QUIET = measured([trial(ENGINES, 1.0), trial(ENGINES, 1.0), trial(ENGINES, 1.0)])


def summary(found: Measurement, sound: Sound | None = None) -> Numbers:
    return summarise(found, LADDER, EXTRA, sound, threads=2)


def report(found: Measurement, quick: bool = False) -> TtsReport:
    numbers = summary(found)
    numbers |= floor_numbers(COST, numbers, ENGINES)
    return make_report(read_environment(), LOAD, found, numbers, LADDER, quick)


def test_ratios_are_engines_over_baseline() -> None:
    found = summary(QUIET)
    assert found["latency_mean_ratio"] == pytest.approx(1 / 8)
    assert found["latency_single_ratio"] == pytest.approx(1 / 8)
    assert found["throughput_ratio"] == pytest.approx(8)
    assert found["audio_throughput_ratio"] == pytest.approx(8)
    assert found["memory_ratio"] == pytest.approx(0.25)
    assert found["first_audio_seconds_p50"] == pytest.approx(0.125)


def test_absolute_numbers_stand_beside_the_ratios() -> None:
    found = summary(QUIET)
    assert found[f"{BASELINE}.latency_seconds_p50"] == pytest.approx(6.0)
    assert found[f"{BASELINE}.utterances_per_second"] == pytest.approx(0.25)
    assert found[f"{ENGINES}.audio_seconds_per_second"] == pytest.approx(2.0)
    assert found[f"{ENGINES}.real_time_factor"] == pytest.approx(0.5)
    assert found[f"{ENGINES}.decoder_seconds"] == pytest.approx(0.75)


def test_the_lowest_ratio_is_of_neighbouring_trials() -> None:
    found = summary(measured([trial(ENGINES, w) for w in (1.0, 2.0, 1.0)], (8.0, 12.0, 8.0)))
    assert found["throughput_ratio_lowest"] == pytest.approx(6.0)


def test_steady_quiet_trials_leave_no_doubt() -> None:
    assert doubts(QUIET, summary(QUIET)) == []


def test_trials_that_vary_too_much_are_not_valid() -> None:
    shaky = measured([trial(ENGINES, w) for w in (1.0, 1.4, 0.8)])
    assert [r for r in doubts(shaky, summary(shaky)) if r.startswith(f"{ENGINES}: the mean rate of")]
    assert report(shaky).result.valid is not True


def test_a_busy_machine_is_not_valid() -> None:
    busy = measured([trial(ENGINES, 1.0, foreign=f) for f in (0.2, 0.5, 0.2)])
    assert [r for r in doubts(busy, summary(busy)) if r.startswith(f"{ENGINES} {BURST}: other processes used 30%")]


def test_moments_are_too_short_to_watch() -> None:
    blink = dataclasses.replace(lone(ENGINES, 0.25), foreign_share=0.9)
    found = Measurement(
        (*(t for t in QUIET.trials if (t.side, t.scenario) != (ENGINES, SINGLE)), blink), QUIET.peak_bytes
    )
    assert doubts(found, summary(found)) == []


def test_sides_must_speak_for_the_same_time() -> None:
    hasty = measured([trial(ENGINES, 1.0, audio=1.5) for _ in range(3)])
    assert [r for r in doubts(hasty, summary(hasty)) if "spoke 75% of the baseline's audio" in r]


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
    assert [t["side"] for t in document["trials"]][:6] == [BASELINE, ENGINES] * 3
    assert "not for quoting" not in path.with_suffix(".md").read_text()
    assert violations({**document, "load": {**document["load"], "weights": "good weights"}})
    assert violations({**document, "bars": []})
    assert violations({**document, "environment": {**document["environment"], "host": "box"}})


def test_figures_of_gpus_are_there_where_gpus_are(tmp_path: Path) -> None:
    """Columns of a document from a machine without one say nothing, and its table has no such rows."""
    busy = tuple(dataclasses.replace(t, gpu_utilisation=0.25, gpu_memory_bytes=3 * 1024**2) for t in QUIET.trials)
    with_gpu, without = report(Measurement(busy, QUIET.peak_bytes)), report(QUIET)
    assert with_gpu.result.summary[f"{ENGINES}.gpu_utilisation"] == pytest.approx(0.25)
    assert "| GPU busy | 0.25 | 0.25 | 0.25 |" in with_gpu.table
    assert "| GPU memory, peak [MiB] | 3 | 3 | 3 |" in with_gpu.table
    assert "GPU" not in without.table and f"{ENGINES}.gpu_utilisation" not in without.result.summary
    documents = [json.loads(r.write(tmp_path, "tts_benchmarks").read_text()) for r in (with_gpu, without)]
    assert [violations(document) for document in documents] == [[], []]
    assert [d["trials"][0]["gpu_utilisation"] for d in documents] == [0.25, None]
    documents[0]["trials"][0]["gpu_utilisation"] = 25
    assert violations(documents[0])


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


def test_the_table_has_a_column_per_rung() -> None:
    lines = report(QUIET).table.splitlines()
    assert lines[0] == f"|  | {UNCACHED} | {BASELINE} | {ENGINES} |"
    assert "| gain over the rung before | - | 4 | 8 |" in lines
    assert "| latency, mean [s] | - | 6 | 0.75 (0.125x) |" in lines
    assert "| cores idle | 0.25 | 0.25 | 0.25 |" in lines
    assert "| throughput against the baseline | 8 | at least 8 | kept |" in lines
    assert "| first audio against all of a 5 s utterance | 1 | at most 0.25 | MISSED |" in lines


def test_other_loads_have_blocks_of_their_own() -> None:
    found = summary(QUIET)
    assert found["poisson.latency_mean_ratio"] == pytest.approx(0.1)
    assert found["mixed.throughput_ratio"] == pytest.approx(2.5)
    assert found["mixed.latency_p95_ratio"] == pytest.approx(0.4)
    assert found["saturated.batch_fill"] == pytest.approx(0.97)
    assert found["saturated.scheduler_share"] == pytest.approx(0.01)
    assert found["saturated.scheduler_wall_share"] == pytest.approx(0.02)
    assert found["five_seconds.first_audio_ratio"] == pytest.approx(1.0)
    assert found[f"capacity.{ENGINES}.requests_per_second"] == 3.0


def test_breaks_in_playback_are_counted() -> None:
    late = dataclasses.replace(
        trial(ENGINES, 1.0, scenario=scenarios.POISSON),
        requests=(served(0, 1.0, 1.0, 0.1, 0.3), served(1, 1.0, 1.0, 0.1)),
    )
    found = summary(
        Measurement(
            (*(t for t in QUIET.trials if (t.side, t.scenario) != (ENGINES, scenarios.POISSON)), late), QUIET.peak_bytes
        )
    )
    assert found[f"poisson.{ENGINES}.underrun_seconds"] == pytest.approx(0.3)
    assert found[f"poisson.{ENGINES}.underrun_share"] == 0.5


def test_quality_stands_beside_speed() -> None:
    figure = quality_figure(
        "mcd", "all", 2.1, 2.0, scale=Scale.RELATIVE, better=Better.LOWER, utterances=9, allowance=Allowance(0.03)
    )
    found = summary(QUIET, Sound((figure,)))
    assert found["quality.mcd.delta"] == pytest.approx(0.05)
    assert "quality.mcd.low" not in found
    assert found["quality.passed"] == 0.0
