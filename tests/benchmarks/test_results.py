"""Every committed result keeps the promises of its schema, tells nothing private, and may be quoted."""

import json
import re
from pathlib import Path

import pytest

from speechtrt.benchmarks.schemas.shipped import schemas_for
from speechtrt.benchmarks.tts.dimensions import NAME as RANDOM
from tests.benchmarks.schema_check import violations, violations_in

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
COMMITTED = sorted(RESULTS.rglob("*.json"))
PRIVATE = re.compile(r"/(home|root|work|tmp|Users)/|[A-Z]:\\\\")


def test_every_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    for kind in ("tts", "asr", "decoding", "planner"):
        envelope, own = schemas_for(kind)
        Draft202012Validator.check_schema(envelope)
        Draft202012Validator.check_schema(own)


def test_every_committed_result_follows_its_schema() -> None:
    found = {path.name: violations_in(path) for path in COMMITTED}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_committed_result_may_be_quoted() -> None:
    verdicts = {path.name: json.loads(path.read_text())["valid"] for path in COMMITTED}
    assert {name: verdict for name, verdict in verdicts.items() if verdict is not True} == {}


def test_every_reference_model_is_held_against_the_quality_promises() -> None:
    """A promise whose number was not measured is not judged, so that a result could leave one out unseen."""
    result = json.loads((RESULTS / "cpu" / "engine_benchmarks.json").read_text())
    kept = {bar["number"] for bar in result["bars"] if bar["passed"]}
    for model in set(result["load"]["models"]) - {RANDOM}:
        figures = ("wer_delta", "wer_high") if "ctc" in model else ("mcd_delta", "round_trip_cer_delta")
        assert {f"{model}.ort-cpu-int8.{figure}" for figure in (*figures, "matmul_share")} <= kept


def test_no_committed_result_tells_anything_private() -> None:
    assert [path.name for path in COMMITTED if PRIVATE.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("schema", 2, "$.schema"),
        ("valid", False, "$.valid"),
        ("valid", [], "$.valid"),
        ("summary", {"ratio": "8.2"}, "$.summary.ratio"),
        ("summary", {"nested": {"ratio": 8.2}}, "$.summary.nested"),
        ("trials", [], "$.trials"),
        ("host", "box", "$"),
    ],
)
def test_the_envelope_refuses_what_it_must(field: str, value: object, place: str) -> None:
    environment = {
        "cpu": "a",
        "cores": 2,
        "system": "Linux",
        "python": "3.11.7",
        "packages": {},
    }
    good = {
        "schema": 1,
        "kind": "other",
        "environment": environment,
        "load": {"utterances": 1},
        "trials": [{"side": "a"}],
        "summary": {"ratio": 8.2},
        "valid": True,
    }
    assert violations(good) == []
    assert [v.partition(": ")[0] for v in violations({**good, field: value})] == [place]
