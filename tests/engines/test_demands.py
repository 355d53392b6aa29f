"""What `validate` can be asked beside soundness: speech, budgets, and no regression against an accepted set."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, Status
from speechtrt.engines.budget import Budget, read_budget
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.gate.paired import holm, p_worse
from speechtrt.engines.gate.quality import Observation, QualityReport
from speechtrt.engines.markdown import markdown_summary
from speechtrt.engines.regression import judge_regression
from speechtrt.engines.validate import Demands, ValidationReport, validate_engine_set
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName, Precision
from speechtrt.quality import Better
from tests.engines.conftest import ANY_TIME
from tests.engines.hostile import STAGE, write_hostile_bundle
from tests.engines.listening import Ears


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mild` and `wild` bundles, the second with planted channels that cost quality, in both precisions."""
    folder = tmp_path_factory.mktemp("demands")
    for name, gain in (("mild", 1.0), ("wild", 15.0)):
        bundle = write_hostile_bundle(folder / "bundles" / name, ("up_1", "down_4"), gain)
        for precision in (Precision.FP32, Precision.INT8):
            out = folder / name / f"ort-cpu-{precision}"
            build_engine_set(
                bundle,
                BackendName.ORT_CPU,
                precision,
                out,
                cache=folder / "cache",
                most_time=ANY_TIME,
                say=lambda line: None,
            )
    return folder


def failed(report: ValidationReport) -> list[tuple[str, str]]:
    return [(row.stage, row.metric) for row in report.failures]


def test_speech_is_compared_with_the_set_beside(sets: Path) -> None:
    ears = Ears(0.5)
    report = validate_engine_set(sets / "mild" / "ort-cpu-int8", Demands(quality=lambda: ears))
    assert report.passed
    assert [figure.metric for figure in report.quality] == ["mcd"]
    assert [row.metric for row in report.rows if row.stage == "speech"] == ["mcd of all"]


def test_bad_speech_is_refused(sets: Path) -> None:
    report = validate_engine_set(sets / "mild" / "ort-cpu-int8", Demands(quality=lambda: Ears(1e-6)))
    assert failed(report) == [("speech", "mcd of all")]
    assert "limit 0.0001 %" in report.failures[0].note


def test_speech_without_a_reference_says_so(sets: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(sets / "mild" / "ort-cpu-int8", tmp_path / "alone"))
    report = validate_engine_set(alone, Demands(quality=lambda: Ears(0.5)))
    assert report.passed
    assert any("build it, or name it with --reference" in row.note for row in report.rows if row.stage == "speech")
    named = Demands(quality=lambda: Ears(1e-6), reference=sets / "mild" / "ort-cpu-fp32")
    assert failed(validate_engine_set(alone, named)) == [("speech", "mcd of all")]


def test_size_budget(sets: Path) -> None:
    engines = sets / "mild" / "ort-cpu-int8"
    ratio = size(engines) / size(sets / "mild" / "ort-cpu-fp32")
    assert validate_engine_set(engines, Demands(budget=Budget(1, size={"all": ratio * 1.01}))).passed
    report = validate_engine_set(engines, Demands(budget=Budget(1, size={STAGE: ratio * 0.99})))
    assert failed(report) == [(STAGE, "size_budget")]
    assert report.failures[0].value == pytest.approx(ratio)


def size(folder: Path) -> int:
    return (folder / f"{STAGE}.onnx").stat().st_size


def test_speed_budget(sets: Path) -> None:
    engines = sets / "mild" / "ort-cpu-int8"
    assert validate_engine_set(engines, Demands(budget=Budget(1, speed={"all": 1e3, STAGE: 1e3}))).passed
    report = validate_engine_set(engines, Demands(budget=Budget(1, speed={"all": 1e-6})))
    assert failed(report) == [("all", "speed_budget")]
    assert "one thread" in report.failures[0].note


def test_a_budget_names_stages_that_exist(sets: Path) -> None:
    with pytest.raises(ManifestError, match=r"the budget names vocoder, but .* has the stages encoder"):
        validate_engine_set(sets / "mild" / "ort-cpu-int8", Demands(budget=Budget(1, size={"vocoder": 1.0})))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 1\n[speed]\nall = 0.7\n[weight]\nall = 1.0", "unknown field `weight`"),
        ("schema = 1\n[speed]\nall = -1", "Expected `float` > 0"),
        ("schema = 9", "has schema 9, this version of speechtrt reads schema 1"),
        ("[speed]\nall = 0.7", "missing required field `schema`"),
        ("schema = ", "is not a budget"),
    ],
)
def test_a_budget_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "budget.toml"
    path.write_text(text)
    with pytest.raises(ManifestError, match=said) as caught:
        read_budget(path)
    assert "\n" not in str(caught.value)


def test_a_budget_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not a budget"):
        read_budget(tmp_path / "nowhere.toml")


def test_a_significant_regression_is_refused(sets: Path) -> None:
    """Against the full precision, int8 is a little worse on every utterance; against itself it is not."""
    engines, before = sets / "wild" / "ort-cpu-int8", sets / "wild" / "ort-cpu-fp32"
    report = validate_engine_set(engines, Demands(quality=lambda: Ears(9.0), against=before))
    assert failed(report) == [("against", "mcd of all")]
    assert report.failures[0].value is not None
    assert report.failures[0].value < 0.01
    same = validate_engine_set(engines, Demands(quality=lambda: Ears(9.0), against=engines))
    assert same.passed


def test_only_comparable_sets_are_compared(sets: Path, tmp_path: Path) -> None:
    engines = sets / "mild" / "ort-cpu-int8"
    other = Path(shutil.copytree(sets / "mild" / "ort-cpu-fp32", tmp_path / "other"))
    manifest = EngineFolder.open(other).manifest
    for change, said in (
        (replace(manifest, status=Status.FELL_BACK), "compare with a set that was accepted"),
        (replace(manifest, name="else"), "compare two sets of one model"),
    ):
        write_document(other / ENGINE_FILE, change)
        with pytest.raises(ManifestError, match=said):
            validate_engine_set(engines, Demands(quality=lambda: Ears(9.0), against=other))
    with pytest.raises(ManifestError, match="is not an engine set"):
        validate_engine_set(engines, Demands(quality=lambda: Ears(9.0), against=tmp_path / "nowhere"))
    with pytest.raises(ManifestError, match="speech is not"):
        validate_engine_set(engines, Demands(against=sets / "mild" / "ort-cpu-fp32"))


def test_a_comparison_that_cannot_be_made_has_not_been_passed(sets: Path, tmp_path: Path) -> None:
    engines = build_engine_set(
        sets / "bundles" / "mild",
        BackendName.TENSORRT_RTX,
        Precision.FP16,
        tmp_path / "rtx",
        cache=sets / "cache",
        say=lambda line: None,
    )
    report = validate_engine_set(engines.path, Demands(quality=lambda: Ears(9.0), against=engines.path))
    assert failed(report) == [("against", "speech")]
    speed = validate_engine_set(engines.path, Demands(budget=Budget(1, speed={"all": 9.0}), reference=engines.path))
    assert failed(speed) == [("all", "speed_budget")]


def errors(group: str, more: int, utterances: int = 30) -> list[Observation]:
    """Word errors of which the first `more` utterances have one too many."""
    random = np.random.default_rng(4)
    before = random.integers(0, 3, utterances)
    return [Observation("wer", group, str(i), float(b + (i < more)), float(b), 9.0) for i, b in enumerate(before)]


def test_the_paired_test_tells_worse_from_chance() -> None:
    assert p_worse(errors("north", 10), Better.LOWER) < 0.01
    assert p_worse(errors("north", 0), Better.LOWER) == pytest.approx(1.0)
    assert p_worse(errors("north", 1), Better.LOWER) == pytest.approx(0.5, abs=0.03)
    assert p_worse(errors("north", 10), Better.HIGHER) > 0.99


@dataclass(frozen=True)
class Scores:
    """A check whose observations are known."""

    observations: tuple[Observation, ...]

    def compare(self, engines: Path, reference: Path) -> QualityReport:
        return QualityReport((), self.observations)


def test_one_dialect_that_is_worse_is_refused_by_name(sets: Path) -> None:
    """Nine utterances in ten are of the other dialect, which hides it in the whole."""
    engines = EngineFolder.open(sets / "mild" / "ort-cpu-int8")
    check = Scores((*errors("south", 0, 270), *errors("north", 10)))
    rows = judge_regression(engines, sets / "mild" / "ort-cpu-fp32", check)
    assert {row.metric: row.passed for row in rows} == {"wer of south": True, "wer of north": False}
    same = judge_regression(engines, sets / "mild" / "ort-cpu-fp32", Scores(tuple(errors("north", 0))))
    assert all(row.passed for row in same)


def test_readings_of_one_text_are_one_observation() -> None:
    rows = [Observation("mcd", "all", f"text/{seed}", 1.1, 1.0) for seed in range(30)]
    assert p_worse(rows, Better.LOWER) == pytest.approx(0.5, abs=0.03)


def test_holm_asks_more_of_many_tests() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({}) == {}


def test_markdown_shows_failures_first_and_speech(sets: Path) -> None:
    report = validate_engine_set(sets / "mild" / "ort-cpu-int8", Demands(quality=lambda: Ears(1e-6)))
    lines = markdown_summary("ort-cpu-int8", report).splitlines()
    assert lines[0].startswith("## hostile ort-cpu-int8: **refused**: 1 of ")
    assert lines[4].startswith("| **FAIL** | speech | mcd of all |")
    assert any(line.startswith("| **FAIL** | mcd of all |") for line in lines[6:])
    good = markdown_summary("x", validate_engine_set(sets / "mild" / "ort-cpu-int8"))
    assert good.startswith("## hostile x: accepted")
    assert "FAIL" not in good
