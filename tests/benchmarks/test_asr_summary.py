import json
from pathlib import Path

import pytest

from speechtrt.benchmarks.asr.benchmark import AsrReport, AsrResult
from speechtrt.benchmarks.asr.listener import Listener, ListenerSide
from speechtrt.benchmarks.asr.load import ARRIVAL, AsrLoad, Cell, cells, recordings
from speechtrt.benchmarks.asr.summary import doubts, summarise
from speechtrt.benchmarks.asr.trial import AsrTrial
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.result import Result
from tests.benchmarks.schema_check import violations, violations_in

LOAD = AsrLoad(
    model="tiny",
    weights="random weights",
    utterances=1,
    pass_seconds=4.0,
    audio_seconds=100.0,
    words=9,
    arrival=ARRIVAL,
    batches=(1, 4),
    chunks=(160,),
    threads=1,
    trials=3,
)


def trial(side: str, batch: int, wall: float) -> AsrTrial:
    return AsrTrial(
        side=side,
        chunk_milliseconds=160,
        batch=batch,
        audio_seconds=100.0,
        wall_seconds=wall,
        cpu_seconds=wall,
        foreign_share=0.0,
        stage_seconds={"encoder": wall * 0.9, "other": wall * 0.1},
        batch_fill=1.0,
        word_error_rate=0.25,
        character_error_rate=0.1,
    )


ROUND = (trial("int8", 1, 4.0), trial("fp32", 1, 8.0), trial("int8", 4, 2.0), trial("fp32", 4, 1.0))


def test_the_headline_is_the_first_side_s_fastest_arrangement() -> None:
    found = summarise(ROUND * 3, {"int8": 10, "fp32": 20})
    assert found["real_time_factor"] == pytest.approx(0.02)
    assert found["audio_seconds_per_second"] == pytest.approx(50)
    assert found["fp32.chunk_160.batch_4.real_time_factor"] == pytest.approx(0.01)
    assert found["fp32.peak_memory_bytes"] == 20
    assert found["word_error_rate"] == 0.25


def test_doubts_name_the_arrangement() -> None:
    assert doubts(ROUND * 3) == []
    shaky = (*ROUND, *ROUND, *ROUND[:3], trial("fp32", 4, 3.0))
    assert [d.partition(":")[0] for d in doubts(shaky)] == ["fp32.chunk_160.batch_4"]


def test_a_document_follows_its_schema(tmp_path: Path) -> None:
    result: AsrResult = Result(
        kind="asr",
        environment=read_environment(),
        load=LOAD,
        trials=ROUND * 3,
        summary=summarise(ROUND * 3, {"int8": 10, "fp32": 20}),
        valid=True,
    )
    made = AsrReport(result)
    path = made.write(tmp_path, "asr_benchmarks")
    assert violations_in(path) == []
    document = json.loads(path.read_text())
    assert violations({**document, "trials": [{**document["trials"][0], "batch": 0}]})
    assert made.table.splitlines()[2] == "| int8 | 160 | 1 | 0.04 | 25 | 1 | 0.25 | 0.1 |"


def test_shipped_recordings_are_read() -> None:
    heard = recordings(None, quick=True)
    assert len(heard) == 6
    assert all(r.audio.rate == 16_000 and r.audio.seconds > 0.5 and r.text for r in heard)


def test_every_chunk_meets_every_batch() -> None:
    assert [c.name for c in cells((160, 560), quick=True)] == [
        "chunk_160.batch_1",
        "chunk_160.batch_4",
        "chunk_560.batch_1",
        "chunk_560.batch_4",
    ]


def test_a_pass_is_long_enough_to_be_steady(tiny_ctc_engines: Path) -> None:
    audios = tuple(r.audio for r in recordings(None, quick=True)[:2])
    heard = Listener(ListenerSide(tiny_ctc_engines, 1, audios, seconds=1.0)).listen(Cell(160, 1))
    assert heard.hearings > 1 and len(heard.texts) == 2
    assert heard.wall_seconds > 0.3
