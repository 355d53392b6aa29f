"""A guard's verdict is remembered by the next process, until the engines are validated."""

import logging
from pathlib import Path

import numpy as np
import pytest

from speechtrt.engine_set import ENGINE_FILE
from speechtrt.errors import BackendError
from speechtrt.runtime.policy.guard import GuardEventKind, GuardPolicy
from speechtrt.runtime.policy.lasting import lasting_guard, refuse_suspended
from speechtrt.suspension import lift_suspension, read_suspension

POLICY = GuardPolicy(strikes=1, tolerance=0.1)
NAN = {"x": np.array([np.nan])}


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    (tmp_path / ENGINE_FILE).write_text("{}")
    return tmp_path


def test_the_next_guard_starts_in_the_reference_precision(engines: Path) -> None:
    first = lasting_guard(engines, POLICY)
    assert not first.tripped
    first.finite("decoder", NAN)
    second = lasting_guard(engines, POLICY)
    assert second.tripped
    assert [event.kind for event in second.events] == [GuardEventKind.SUSPENDED]


def test_what_was_found_is_kept(engines: Path) -> None:
    lasting_guard(engines, POLICY).compare("vocoder", {"x": np.full(2, 3.0)}, {"x": np.ones(2)})
    found = read_suspension(engines)
    assert found is not None and (found.stage, found.finding) == ("vocoder", "a relative error of 2")


def test_engines_that_were_validated_start_again(engines: Path) -> None:
    lasting_guard(engines, POLICY).finite("decoder", NAN)
    lift_suspension(engines)
    assert not lasting_guard(engines, POLICY).tripped


def test_revalidation_by_hand_is_remembered_too(engines: Path) -> None:
    guard = lasting_guard(engines, POLICY)
    guard.finite("decoder", NAN)
    guard.revalidate()
    assert read_suspension(engines) is None


def test_without_a_reference_suspended_engines_are_refused(engines: Path) -> None:
    refuse_suspended(engines)
    lasting_guard(engines, POLICY).finite("decoder", NAN)
    with pytest.raises(BackendError, match=r"NaN or infinity in stage decoder\); run `speechtrt validate"):
        refuse_suspended(engines)


def test_speaking_goes_on_where_nothing_can_be_written(
    engines: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("speechtrt.artifact.os.fsync", full)
    guard = lasting_guard(engines, POLICY)
    with caplog.at_level(logging.WARNING):
        guard.finite("decoder", NAN)
    assert guard.tripped
    assert "suspended, NaN or infinity in stage decoder" in caplog.text and "No space left" in caplog.text
