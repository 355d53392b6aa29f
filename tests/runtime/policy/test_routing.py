"""Every rule of the router, its reason, and what it does when a model is missing."""

import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.policy.routing import Decision, RoutingPolicy, Size, Utterance

POLICY = RoutingPolicy(hard=frozenset({"en-IN", "gd"}), keywords=frozenset({"metformin", "stent"}))


@pytest.mark.parametrize(
    ("utterance", "load", "expected"),
    [
        (Utterance(), 0.0, Decision(Size.MEDIUM, "nothing special")),
        (Utterance(locale="en-US", text="play some music"), 0.5, Decision(Size.MEDIUM, "nothing special")),
        (Utterance(locale="en_in"), 0.0, Decision(Size.LARGE, "locale en_in")),
        (Utterance(locale="gd-GB"), 0.0, Decision(Size.LARGE, "locale gd-GB")),
        (Utterance(accents={"en-IN": 0.5, "gd": 0.2}), 0.0, Decision(Size.LARGE, "accent en-IN (70%)")),
        (Utterance(accents={"en-IN": 0.5, "en-US": 0.5}), 0.0, Decision(Size.MEDIUM, "nothing special")),
        (Utterance(seconds=31.0), 0.0, Decision(Size.LARGE, "31 s long")),
        (Utterance(seconds=20.0), 0.0, Decision(Size.MEDIUM, "nothing special")),
        (Utterance(text="the Stent and METFORMIN"), 0.0, Decision(Size.LARGE, "keyword metformin")),
        (Utterance(latency_seconds=0.08, locale="en-IN"), 0.0, Decision(Size.SMALL, "latency budget of 80 ms")),
        (Utterance(latency_seconds=0.5), 0.0, Decision(Size.MEDIUM, "nothing special")),
        (Utterance(), 0.9, Decision(Size.SMALL, "load of 90%")),
        (Utterance(locale="gd"), 0.9, Decision(Size.MEDIUM, "load of 90%, locale gd")),
    ],
)
def test_the_first_rule_that_holds_decides(utterance: Utterance, load: float, expected: Decision) -> None:
    assert POLICY.decide(utterance, load) == expected


def test_the_nearest_open_model_is_taken_and_said_so() -> None:
    small_and_large = RoutingPolicy(available=frozenset({Size.SMALL, Size.LARGE}))
    assert small_and_large.decide(Utterance()) == Decision(Size.LARGE, "nothing special; no medium model is open")
    only_small = RoutingPolicy(available=frozenset({Size.SMALL}))
    assert only_small.decide(Utterance(seconds=60)) == Decision(Size.SMALL, "60 s long; no large model is open")


def test_no_model_is_refused() -> None:
    with pytest.raises(BackendError, match="open at least one"):
        RoutingPolicy(available=frozenset())
