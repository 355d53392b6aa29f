"""Requests in work, and those that are late."""

import pytest

from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.jobs import Jobs


def jobs(*deadlines: float | None) -> Jobs:
    found = Jobs()
    for index, deadline in enumerate(deadlines):
        found.add(Job(index, (), (), 16000, submitted=0.0, deadline=deadline))
    return found


@pytest.mark.parametrize(
    ("now", "late"), [(0.5, []), (1.0, [1]), (2.5, [1, 3]), (9.0, [1, 3])], ids=["early", "at it", "two", "never"]
)
def test_late_jobs_are_named(now: float, late: list[int]) -> None:
    assert [failure.index for failure in jobs(None, 1.0, None, 2.0).expired(now)] == late


def test_those_that_are_left_are_late_in_their_turn() -> None:
    found, late = jobs(1.0, 3.0, 2.0), []
    for now in (1.0, 1.5, 2.0, 2.5, 3.0):
        late.append([failure.index for failure in found.expired(now) if found.pop(failure.index)])
    assert late == [[0], [], [2], [], [1]]


def test_a_job_leaves_once() -> None:
    found = jobs(None)
    assert len(found) == 1 and found.pop(0) is not None
    assert found.pop(0) is None and found.get(0) is None and len(found) == 0
