"""`speechtrt eval tts` from end to end, on engines of a tiny random voice."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from speechtrt.audio import read_audio
from speechtrt.benchmarks.compare.comparison import compare_results
from speechtrt.benchmarks.eval_commands import evaluate
from speechtrt.benchmarks.quality.closeness import Reading
from speechtrt.benchmarks.quality.judging import judge
from speechtrt.benchmarks.quality.voice_check import Reader, compare_readers
from speechtrt.benchmarks.voices.material import SHIPPED, Material, read_material, shipped_material
from speechtrt.benchmarks.voices.verdict import in_words, set_in_words
from speechtrt.errors import BenchmarkError
from speechtrt.quality import QualityFigure
from tests.benchmarks.quality.test_intelligibility import noisy
from tests.benchmarks.schema_check import violations_in


def run(*arguments: str) -> Result:
    return CliRunner().invoke(evaluate, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def sets(tiny_tts_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference precision, and the same engines under the name of another."""
    root = tmp_path_factory.mktemp("sets")
    for name in ("ort-cpu-fp32", "ort-cpu-int8"):
        shutil.copytree(tiny_tts_engines, root / name)
    return root


@pytest.fixture(scope="module")
def evaluated(sets: Path, tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("out")
    options = ("--engines", str(sets), "--listener", str(tiny_ctc_engines), "--out", str(out))
    return run("tts", "--model", "tiny", *options, "--quick", "--json"), out / "tts_evaluation_results.json"


def test_it_prints_the_document_that_it_writes(evaluated: tuple[Result, Path]) -> None:
    result, path = evaluated
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(path.read_text())
    assert violations_in(path) == []
    assert "ort-cpu-int8: accept: nothing is worse than allowed" in path.with_suffix(".md").read_text()


def test_equal_engines_read_alike(evaluated: tuple[Result, Path]) -> None:
    summary = json.loads(evaluated[1].read_text())["summary"]
    assert summary["ort-cpu-int8.passed"] == 1.0
    metrics = ("mcd_drift", "dnsmos", "round_trip_cer", "duration_ratio")
    assert {summary[f"ort-cpu-int8.{metric}.delta"] for metric in metrics} == {0.0}


def test_every_reading_is_in_the_document(evaluated: tuple[Result, Path]) -> None:
    trials = json.loads(evaluated[1].read_text())["trials"]
    assert [t["utterance"] for t in trials] == ["000001/0", "000011/0"]
    assert all(t["values"].keys() == t["references"].keys() == t["weights"].keys() for t in trials)
    assert all(t["weights"]["round_trip_wer"] == len(t["text"].split()) for t in trials)


def test_documents_can_be_compared(evaluated: tuple[Result, Path], tmp_path: Path) -> None:
    document = json.loads(evaluated[1].read_text())
    document["trials"] = [{**document["trials"][0], "utterance": f"{number}/0"} for number in range(12)]
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(document))
    for number, trial in enumerate(document["trials"]):
        trial["values"] = trial["values"] | {"dnsmos": trial["values"]["dnsmos"] - 0.5 - 0.01 * number}
    second.write_text(json.dumps(document))
    found = compare_results(first, second, 0.0)
    assert [w.metric for w in found.worse(["*"])] == ["dnsmos"]


def test_texts_of_your_own_are_read(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("One.\n\n  Two words.  \nThree.\n", encoding="utf-8")
    material = read_material(file, texts=2, seeds=2)
    assert [(s.id, s.text, s.seed) for s in material.scripts] == [
        ("line-1/0", "One.", 0),
        ("line-1/1", "One.", 1),
        ("line-3/0", "Two words.", 0),
        ("line-3/1", "Two words.", 1),
    ]
    assert set(material.blocks.values()) == {"line-1", "line-3"}
    assert len(material.source) == 64


@pytest.mark.parametrize("content", [b"", b"\n  \n", b"\xff\xfe"])
def test_a_file_without_texts_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "texts.txt"
    file.write_bytes(content)
    with pytest.raises(BenchmarkError, match=r"texts\.txt: .*expected .*one sentence a line"):
        read_material(file, 1, 1)


def test_the_reference_alone_is_refused(sets: Path, tmp_path: Path) -> None:
    shutil.copytree(sets / "ort-cpu-fp32", tmp_path / "ort-cpu-fp32")
    with pytest.raises(BenchmarkError, match=r"ort-cpu-fp32 only; expected .* at least one other"):
        run("tts", "--engines", str(tmp_path))


def test_a_recogniser_is_refused(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BenchmarkError, match="holds a ctc model, expected a voice"):
        run("tts", "--engines", str(tiny_ctc_engines.parent))


def figures_of(material: Material, level: float) -> dict[str, QualityFigure]:
    """A speaker's own recordings as the reference, and the same with noise behind them."""
    good = tuple(Reading(read_audio(s.recording)) for s in material.scripts if s.recording)
    noise = tuple(Reading(noisy(reading.audio, level)) for reading in good)
    scripts = tuple(replace(script, recording=None) for script in material.scripts)
    observations = compare_readers(scripts, Reader(noise, ()), Reader(good, ()))
    return {figure.metric: figure for figure in judge(observations, material.blocks)}


def test_words_say_what_the_figures_say() -> None:
    material = shipped_material(["slt"], texts=4, seeds=1)
    assert material.source == SHIPPED
    bad, alike = figures_of(material, 5.0), figures_of(material, 90.0)
    assert in_words(bad["mcd_drift"]) == "worse; OVER the limit"
    assert in_words(bad["stoi"]) == "worse"
    assert in_words(alike["duration_ratio"]) == "no evidence of a difference"
    assert set_in_words(list(bad.values())) == "refuse: mcd_drift is worse than allowed"
    assert set_in_words(list(alike.values())) == "accept: nothing is worse than allowed"


def test_what_could_not_be_computed_is_said() -> None:
    figure = figures_of(shipped_material(["slt"], texts=2, seeds=1), 20.0)["mcd_drift"]
    assert in_words(replace(figure, low=None, high=None)) == "could not be computed"
