"""The requests that a pipeline has in work."""

import math
from dataclasses import dataclass, field

from speechtrt.errors import DeadlineError
from speechtrt.runtime.tts.events import Failure
from speechtrt.runtime.tts.job import Job


@dataclass(slots=True)
class Jobs:
    """Jobs by number, and when the first of their deadlines passes, so that a step need not ask each."""

    _jobs: dict[int, Job] = field(default_factory=dict)
    _deadline: float = math.inf

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """One more."""
        self._jobs[job.index] = job
        self._deadline = min(self._deadline, _deadline(job))

    def get(self, index: int) -> Job | None:
        """The job of this number, or None when it has ended."""
        return self._jobs.get(index)

    def pop(self, index: int) -> Job | None:
        """The same, and it ends."""
        return self._jobs.pop(index, None)

    def expired(self, now: float) -> list[Failure]:
        """What becomes of jobs whose deadline has passed; they stay until they are taken out."""
        if now < self._deadline:
            return []
        late = [job for job in self._jobs.values() if job.late(now)]
        self._deadline = min((_deadline(job) for job in self._jobs.values() if not job.late(now)), default=math.inf)
        return [Failure(job.index, _too_late(job, now)) for job in late]

    def clear(self) -> None:
        """Forget all."""
        self._jobs.clear()
        self._deadline = math.inf


def _deadline(job: Job) -> float:
    return math.inf if job.deadline is None else job.deadline


def _too_late(job: Job, now: float) -> DeadlineError:
    return DeadlineError(
        f"request {job.index} was not finished after {now - job.submitted:.2f} s, its deadline; "
        "allow more time, or send fewer requests at once"
    )
