"""A guard's verdict outlives its process: it is kept beside the engines and heeded at the next start."""

import logging
from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import BackendError, StorageError
from speechtrt.runtime.policy.guard import Guard, GuardEvent, GuardEventKind, GuardPolicy
from speechtrt.suspension import lift_suspension, read_suspension, suspend

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Record:
    """Writes down what a guard of the engine set in folder `engines` decides.

    Speaking goes on when it cannot be written: the switch itself has happened.
    """

    engines: Path

    def __call__(self, event: GuardEvent) -> None:
        try:
            if event.kind is GuardEventKind.SWITCHED:
                LOG.warning("%s: suspended, %s in stage %s", self.engines, _finding(event), event.stage)
                suspend(self.engines, event.stage, _finding(event))
            elif event.kind is GuardEventKind.REVALIDATED:
                lift_suspension(self.engines)
        except StorageError as error:
            LOG.warning("%s", error)


def lasting_guard(engines: Path, policy: GuardPolicy) -> Guard:
    """A guard of the engine set in folder `engines`, which starts where the one before it ended."""
    guard = Guard(policy, listen=_Record(engines))
    if read_suspension(engines) is not None:
        guard.suspend()
    return guard


def refuse_suspended(engines: Path) -> None:
    """Raises BackendError for an engine set that a guard has suspended; only a reference could speak in its place."""
    if (found := read_suspension(engines)) is not None:
        raise BackendError(
            f"{engines}: was suspended at {found.at} ({found.finding} in stage {found.stage}); "
            f"run `speechtrt validate {engines}`, or open it with a reference"
        )


def _finding(event: GuardEvent) -> str:
    return "NaN or infinity" if event.value is None else f"a relative error of {event.value:.3g}"
