"""The opened stages of a TTS model."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from speechtrt.runtime.backends.base import Backend, Runner
from speechtrt.runtime.policy.guard import Guard
from speechtrt.runtime.policy.guarded import GuardedRunner


@dataclass(frozen=True, slots=True)
class Stages:
    """Four stages; whoever opened them closes them."""

    encoder: Runner
    decoder: Runner
    postnet: Runner
    vocoder: Runner

    @classmethod
    def open(cls, backend_of: Callable[[str], Backend]) -> "Stages":
        """Open every stage on its backend, or none. Raises ManifestError, IntegrityError or BackendError."""
        with ExitStack() as opened:
            names = ("encoder", "decoder", "postnet", "vocoder")
            stages = cls(*(opened.enter_context(backend_of(name).open(name)) for name in names))
            opened.pop_all()
            return stages

    def close(self) -> None:
        """Free every stage; it may be done twice."""
        for runner in self._all():
            runner.close()

    def guarded(self, reference: "Stages", guard: Guard) -> "Stages":
        """These stages under guard, with `reference` beside them; it owns both. Raises BackendError."""
        return Stages(
            *(GuardedRunner(engine, other, guard) for engine, other in zip(self._all(), reference._all(), strict=True))
        )

    def _all(self) -> tuple[Runner, ...]:
        return self.encoder, self.decoder, self.postnet, self.vocoder
