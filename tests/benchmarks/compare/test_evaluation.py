"""`speechtrt compare` over evaluations of recognisers whose answers are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from speechtrt.benchmarks.compare.commands import compare
from speechtrt.benchmarks.compare.comparison import Comparison, compare_results
from speechtrt.benchmarks.compare.difference import Verdict
from speechtrt.errors import BenchmarkError

SPEAKERS, EACH, WORDS = 20, 10, 12
GROUPS = ("indian", "scottish")
REFERENCE = " ".join(["word"] * WORDS)


def evaluation(rates: dict[str, float], system: str = "m.greedy.560ms", seed: int = 1, **load: Any) -> dict[str, Any]:
    """Ten speakers in each of two groups; every word of a group is wrong with the group's rate."""
    rng = np.random.default_rng(seed)

    def trial(number: int) -> dict[str, Any]:
        speaker = number % SPEAKERS
        group = GROUPS[speaker % 2]
        wrong = int(rng.binomial(WORDS, rates[group]))
        heard = {"text": "", "words": [wrong, 0, 0], "characters": 2 * wrong, "compute_seconds": 0.1}
        return {
            "utterance": f"u{number}",
            "speaker": f"s{speaker}",
            "group": group,
            "reference": REFERENCE,
            "hypotheses": [heard],
        }

    shared = {"manifest": "dialects", "group_by": "dialect", "normaliser": "basic 1", "primary": "wer"}
    return {
        "schema": 1,
        "kind": "asr_evaluation",
        "environment": {"cpu": "a", "cores": 2, "system": "Linux"},
        "load": {**shared, "groups": list(GROUPS), "systems": [{"name": system}], **load},
        "trials": [trial(number) for number in range(SPEAKERS * EACH)],
        "summary": {},
        "valid": True,
    }


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "a.json", tmp_path / "b.json"


def compared(files: tuple[Path, Path], a: dict[str, Any], b: dict[str, Any], tolerance: float = 0.0) -> Comparison:
    for path, content in zip(files, (a, b), strict=True):
        path.write_text(json.dumps(content))
    return compare_results(*files, tolerance)


ACCEPT = "accept: no group is significantly worse"
EVEN = {"indian": 0.2, "scottish": 0.2}
UNFAIR = {"indian": 0.1, "scottish": 0.3}


def test_engines_that_err_alike_are_accepted(files: tuple[Path, Path]) -> None:
    found = compared(files, evaluation(EVEN), evaluation(EVEN, seed=2))
    assert found.acceptance == ACCEPT
    assert {d.verdict for d in found.differences} == {Verdict.UNCLEAR}
    itself = compared(files, evaluation(EVEN), evaluation(EVEN))
    assert itself.acceptance == ACCEPT and {d.verdict for d in itself.differences} == {Verdict.SAME}


def test_one_group_that_is_heard_worse_is_enough_to_refuse(files: tuple[Path, Path]) -> None:
    found = compared(files, evaluation(EVEN), evaluation(UNFAIR, "int8", 2))
    assert found.acceptance == "refuse: worse for scottish, m.greedy.560ms -> int8"
    verdicts = {d.group.split(",")[0]: d.verdict for d in found.differences}
    assert verdicts == {"all": Verdict.UNCLEAR, "indian": Verdict.BETTER, "scottish": Verdict.WORSE}
    assert found.differences[0].group == "all, m.greedy.560ms -> int8"


def test_the_rate_is_of_words_and_its_change_is_relative(files: tuple[Path, Path]) -> None:
    [_, _, scottish] = compared(files, evaluation(EVEN), evaluation(UNFAIR, seed=2)).differences
    assert (scottish.metric, scottish.samples, scottish.paired) == ("wer", SPEAKERS * EACH // 2, True)
    assert scottish.first == pytest.approx(0.2, abs=0.03) and scottish.second == pytest.approx(0.3, abs=0.03)
    assert scottish.change == pytest.approx(scottish.second / scottish.first - 1)
    assert scottish.low is not None and scottish.high is not None and scottish.change is not None
    assert scottish.low < scottish.change < scottish.high


def test_one_line_of_many_that_is_worse_by_chance_does_not_refuse(files: tuple[Path, Path]) -> None:
    a, b = evaluation(EVEN), evaluation({"indian": 0.2, "scottish": 0.225}, seed=10)
    found = compared(files, a, b)
    scottish = found.differences[2]
    assert scottish.low is not None and scottish.low > 0, "worse when looked at alone"
    assert scottish.verdict is Verdict.UNCLEAR and found.acceptance == ACCEPT


def test_tolerance_lets_a_group_be_a_little_worse(files: tuple[Path, Path]) -> None:
    assert compared(files, evaluation(EVEN), evaluation(UNFAIR, seed=2), tolerance=1.0).acceptance == ACCEPT


def test_characters_count_where_they_count_first(files: tuple[Path, Path]) -> None:
    found = compared(files, evaluation(EVEN, primary="cer"), evaluation(EVEN, seed=2, primary="cer")).differences[0]
    assert found.metric == "cer"
    assert found.first == pytest.approx(0.2 * 2 * WORDS / len(REFERENCE), rel=0.1)


def test_no_errors_at_first_can_still_become_worse(files: tuple[Path, Path]) -> None:
    found = compared(files, evaluation({"indian": 0.0, "scottish": 0.0}), evaluation(UNFAIR, seed=2))
    assert found.acceptance is not None and found.acceptance.startswith("refuse: worse for all")
    assert {(d.change, d.verdict) for d in found.differences} == {(None, Verdict.WORSE)}


def test_doubts_name_lone_speakers_and_missing_utterances(files: tuple[Path, Path]) -> None:
    lone = evaluation(EVEN)
    lone["trials"] = [t for t in lone["trials"] if t["group"] == "indian" or t["speaker"] == "s1"]
    found = compared(files, lone, evaluation(EVEN, seed=2))
    assert "90 utterances are in one result only, and count for neither" in found.doubts
    assert "group scottish has one speaker: its interval says nothing about others" in found.doubts


def test_the_command_says_it_and_a_gate_can_ask(files: tuple[Path, Path]) -> None:
    compared(files, evaluation(EVEN), evaluation(UNFAIR, seed=2))
    names = [str(path) for path in files]
    said = CliRunner().invoke(compare, names, catch_exceptions=False)
    assert said.exit_code == 0 and "\nrefuse: worse for scottish, m.greedy.560ms\n" in said.stdout
    gate = CliRunner().invoke(compare, [*names, "--fail-on", "wer", "--json"], catch_exceptions=False)
    assert gate.exit_code == 1 and json.loads(gate.stdout)["acceptance"].startswith("refuse")


def test_what_cannot_be_compared_is_one_clear_line(files: tuple[Path, Path]) -> None:
    good = evaluation(EVEN)
    for bad, message in (
        (evaluation(EVEN, normaliser="none"), "different loads .normaliser: basic 1 and none"),
        ({**good, "trials": [{**t, "reference": "other"} for t in good["trials"]]}, "have other references for u0"),
        ({**good, "trials": [{"utterance": "u0", "reference": REFERENCE}]}, "a trial lacks 'group'"),
        ({**good, "trials": [{**t, "utterance": f"x{t['utterance']}"} for t in good["trials"]]}, "no side in common"),
    ):
        with pytest.raises(BenchmarkError, match=message) as refused:
            compared(files, good, bad)
        assert "\n" not in str(refused.value)
