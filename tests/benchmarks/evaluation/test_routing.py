"""The policy replayed over models whose errors are known."""

from pathlib import Path

import pytest

from speechtrt.benchmarks.evaluation.ledger import Heard
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry
from speechtrt.benchmarks.evaluation.normaliser import NormaliserName, open_normaliser
from speechtrt.benchmarks.evaluation.page.drawing import Point, pareto
from speechtrt.benchmarks.evaluation.routing import RoutingStudy, study_routing
from speechtrt.benchmarks.evaluation.scoring import Scored, score_all
from speechtrt.benchmarks.evaluation.system import Decoder, System
from speechtrt.benchmarks.evaluation.transcribing import Transcripts
from speechtrt.runtime.asr.decoding.options import GREEDY

ENTRIES = [
    Entry(str(n), Path(), "one two three four", f"speaker{n % 4}", {"dialect": ("easy", "hard")[n // 2 % 2]})
    for n in range(40)
]


def heard(name: str, cost: float, wrong: dict[str, int]) -> Transcripts:
    """`wrong` words of every utterance of a dialect are wrong."""
    rows = {}
    for entry in ENTRIES:
        words = entry.text.split()
        words[: wrong[entry.columns["dialect"]]] = ["x"] * wrong[entry.columns["dialect"]]
        rows[entry.id] = Heard(entry.id, " ".join(words), 2.0, 2.0 * cost, 20.0)
    system = System(name, "ort-cpu-int8", Decoder("greedy", GREEDY), 560, Path())
    return Transcripts(system, rows, (), None)


def scored(*transcripts: Transcripts) -> tuple[Scored, ...]:
    return score_all(transcripts, ENTRIES, open_normaliser(NormaliserName.NONE), "dialect")


@pytest.fixture(scope="module")
def study() -> RoutingStudy:
    small = heard("small", 0.01, {"easy": 1, "hard": 4})
    medium = heard("medium", 0.02, {"easy": 0, "hard": 2})
    large = heard("large", 0.05, {"easy": 0, "hard": 1})
    found = study_routing(scored(large, small, medium))
    assert found is not None
    return found


def test_models_are_sized_by_what_they_cost(study: RoutingStudy) -> None:
    assert [(r.name, round(r.rate.rate, 3), round(r.cost, 3)) for r in study.replays[:3]] == [
        ("small", 0.625, 0.01),
        ("medium", 0.25, 0.02),
        ("large", 0.125, 0.05),
    ]
    assert study.hard == ("hard",)


def test_hard_groups_go_to_the_large_model(study: RoutingStudy) -> None:
    routed = {r.name: r for r in study.replays}
    idle = routed["routed, idle, groups known"]
    assert idle.shares == {"medium": 0.5, "large": 0.5}
    assert (idle.rate.rate, round(idle.cost, 3)) == (0.125, 0.035)
    assert routed["routed, busy, groups known"].shares == {"small": 0.5, "medium": 0.5}
    assert routed["routed, busy, groups unknown"].shares == {"small": 1.0}
    assert routed["routed, 50 ms budget"].shares == {"small": 1.0}


def test_keywords_go_to_the_large_model_after_a_first_pass() -> None:
    small = heard("small", 0.01, {"easy": 1, "hard": 4})  # hears "x two three four", and nothing of the hard half
    large = heard("large", 0.05, {"easy": 0, "hard": 1})
    found = study_routing(scored(large, heard("medium", 0.02, {"easy": 0, "hard": 2}), small), frozenset({"four"}))
    assert found is not None
    [replay] = [replay for replay in found.replays if "keywords" in replay.name]
    assert replay.shares == {"large": 1.0}  # hard groups, and what holds the word
    assert replay.cost == pytest.approx(0.05 + 0.01)


def test_work_does_not_grow_with_the_square_of_utterances(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    factor = vars(Scored)["real_time_factor"].fget

    def counted(one: Scored) -> float:
        asked.append(one.system.model)
        return float(factor(one))

    monkeypatch.setattr(Scored, "real_time_factor", property(counted))
    models = [heard(name, cost, {"easy": 0, "hard": 1}) for name, cost in (("small", 0.01), ("large", 0.05))]
    found = study_routing(scored(*models))
    assert found is not None
    assert len(asked) <= len(models) * (1 + len(found.replays))  # a sum over all utterances, every time


def test_what_is_beaten_in_both_is_not_on_the_front(study: RoutingStudy) -> None:
    front = {r.name for r in study.replays if r.front}
    assert "large" not in front  # as many errors as the routed models, for more
    assert {"medium", "routed, idle, groups known", "small"} <= front


def test_the_advice_keeps_the_budget(study: RoutingStudy) -> None:
    assert [(r.budget, r.choice) for r in study.recommendations] == [
        (1.0, "routed, idle, groups known"),
        (0.75, "routed, idle, groups known"),
        (0.5, "medium"),
    ]


def test_one_model_is_no_study() -> None:
    assert study_routing(scored(heard("small", 0.01, {"easy": 0, "hard": 0}))) is None


def test_the_picture_joins_the_front() -> None:
    svg = pareto([Point("a <b>", 1.0, 10.0, True), Point("c", 2.0, 5.0, True), Point("d", 2.0, 9.0, False)], "x", "y")
    assert svg.count("<circle") == 3 and "a &lt;b&gt;" in svg
    assert len(svg.split('points="')[1].split('"')[0].split()) == 2


def test_points_in_one_place_share_a_label() -> None:
    svg = pareto([Point("a", 1.0, 10.0, True), Point("b", 1.0, 10.0, False), Point("c", 2.0, 5.0, False)], "x", "y")
    assert svg.count("<circle") == 2 and "a, and 1 more: 10.0 %" in svg
