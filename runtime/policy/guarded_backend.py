"""An engine set under guard: every stage has the reference precision beside it."""

from contextlib import ExitStack
from dataclasses import dataclass

from speechtrt.runtime.backends.base import Backend
from speechtrt.runtime.policy.guard import Guard
from speechtrt.runtime.policy.guarded import GuardedRunner


@dataclass(frozen=True, slots=True)
class GuardedBackend:
    """Opens stages of `engine`, and of `reference`, which takes over when `guard` says so."""

    engine: Backend
    reference: Backend
    guard: Guard

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    def open(self, stage: str) -> GuardedRunner:
        """The runner of a stage. Raises ManifestError, IntegrityError or BackendError."""
        with ExitStack() as opened:
            engine = opened.enter_context(self.engine.open(stage))
            reference = opened.enter_context(self.reference.open(stage))
            found = GuardedRunner(engine, reference, self.guard)
            opened.pop_all()
            return found
