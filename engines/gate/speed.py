"""Is the lower precision faster? Paired runs on one thread, in CPU time, so that a busy machine changes little."""

import statistics
import time
from dataclasses import dataclass

from speechtrt.engines.scenario import Playlist, feeds_of, initial_states
from speechtrt.engines.session import StageSession

ROUNDS = 11
WARM_UP = 2


@dataclass(frozen=True, slots=True)
class Timing:
    """Median CPU seconds of one run, and the median over rounds of candidate / reference."""

    reference_seconds: float
    candidate_seconds: float
    ratio: float


def time_pair(reference: StageSession, candidate: StageSession, playlist: Playlist) -> Timing:
    """Run the first scenario's last step on both in turn, the order swapped every round."""
    scenario = playlist.scenarios[0]
    for session in (reference, candidate):
        session.reset(initial_states(playlist, scenario))
        session.bind(feeds_of(scenario, {**scenario.steps[0], **scenario.steps[-1]}, None))
        for _ in range(WARM_UP):
            session.execute()
    pairs = [_round(reference, candidate, swap=bool(i % 2)) for i in range(ROUNDS)]
    return Timing(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def _round(reference: StageSession, candidate: StageSession, swap: bool) -> tuple[float, float]:
    if swap:
        second = _seconds(candidate)
        return _seconds(reference), second
    first = _seconds(reference)
    return first, _seconds(candidate)


def _seconds(session: StageSession) -> float:
    """CPU seconds of this thread; ONNX Runtime runs a one-thread session on the caller."""
    began = time.thread_time()
    session.execute()
    return max(time.thread_time() - began, 1e-9)
