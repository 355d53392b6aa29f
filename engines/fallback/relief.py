"""What remedies make of a candidate that the gate refuses, before any of its nodes is spared."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from speechtrt.engines.candidate import Candidate
from speechtrt.engines.gate.judgement import Verdict
from speechtrt.fallback import SearchStep


@dataclass(frozen=True, slots=True)
class Relief:
    """The best of a candidate and its remedied forms, what the gate says of its numbers, and every attempt."""

    candidate: Candidate
    verdict: Verdict
    steps: tuple[SearchStep, ...]


def relieve(candidate: Candidate, verdict: Verdict, judge: Callable[[Candidate], Verdict]) -> Relief:
    """Try the remedies in turn until the gate passes one; one that it refuses is kept if it errs less."""
    best = Relief(candidate, verdict, (SearchStep(0, 1.0, False, verdict.reason),))
    for remedy in candidate.remedies:
        made = remedy.make()
        if made is None:
            continue
        found = judge(made)
        steps = (*best.steps, SearchStep(0, 1.0, found.passed, found.reason, remedy.name))
        better = found.passed or found.error < best.verdict.error
        best = Relief(made, found, steps) if better else replace(best, steps=steps)
        if found.passed:
            break
    return best
