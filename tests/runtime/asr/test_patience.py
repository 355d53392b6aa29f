"""How long chunks wait for company under every load."""

import pytest

from speechtrt.runtime.asr.patience import Patience

BATCH, STREAMS = 3, 100


def busy(step: float, share: float = 0.99) -> Patience:
    """An engine that has worked `share` of the last 20 s in steps of `step` seconds."""
    patience, period = Patience(BATCH, most=0.06), step / share
    for number in range(round(20 / period)):
        patience.worked(number * period, number * period + step)
    return patience


def test_an_idle_engine_starts_at_once() -> None:
    assert Patience(BATCH).delay(1, STREAMS, oldest=0.0, now=0.0) == 0.0
    assert busy(0.001).delay(1, STREAMS, oldest=25.0, now=25.0) == 0.0  # after a pause nobody waits


def test_a_busy_engine_waits_for_company() -> None:
    patience = busy(0.001)
    assert patience.delay(1, STREAMS, oldest=20.0, now=20.0) == pytest.approx(0.058, abs=1e-3)
    assert patience.delay(1, STREAMS, oldest=20.0, now=20.05) == pytest.approx(0.008, abs=1e-3)
    assert 0 < busy(0.001, share=0.7).delay(1, STREAMS, oldest=20.0, now=20.0) < 0.04


def test_waiting_and_hearing_together_have_a_bound() -> None:
    assert busy(0.01).delay(1, STREAMS, oldest=20.0, now=20.0) == pytest.approx(0.04, abs=1e-3)
    assert busy(0.03).delay(1, STREAMS, oldest=20.0, now=20.0) == 0.0


def test_nobody_waits_for_who_cannot_come() -> None:
    patience = busy(0.001)
    assert patience.delay(BATCH, STREAMS, oldest=20.0, now=20.0) == 0.0
    assert patience.delay(2, 2, oldest=20.0, now=20.0) == 0.0
    assert patience.delay(1, 2, oldest=20.0, now=20.0) > 0.0
