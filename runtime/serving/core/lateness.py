"""Whether the server is too late for those it has let in: then nobody else may enter."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from speechtrt.runtime.serving.core.refusal import RETRY_SECONDS, Reason, Refusal

KEPT = 200  # lags, hence ten seconds
MEMORY = 0.7  # weight of the past in the mean lag: a burst of a few looks is no overload
REOPEN = 0.5  # of the limit
FEW = 32  # in flight, who cannot be what makes a server late


@dataclass(slots=True)
class Lateness:
    """Fed with every lag of the event loop; `tell` hears the longest of the last seconds.

    Whoever is in waits for the loop with every packet, and whoever comes does so several times before the door says
    anything. So the door closes above the limit, and opens again below half of it: in between nothing changes.
    """

    tell: Callable[[float], None]
    mean: float = 0.0  # seconds
    late: bool = False
    _lags: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def note(self, lag: float, limit: float) -> None:
        """The loop was `lag` seconds late; more than `limit` is too late."""
        self._lags.append(lag)
        self.tell(max(self._lags))
        self.mean = MEMORY * self.mean + (1 - MEMORY) * lag
        self.late = self.mean > (REOPEN * limit if self.late else limit)

    def expect_in_time(self, in_flight: int) -> None:
        """Raise Refusal while the server is late, unless so few are in flight that others would not be to blame."""
        if self.late and in_flight >= FEW:
            message = f"the server is {self.mean * 1000:.0f} ms late for those it serves; try again in a moment"
            raise Refusal(Reason.BUSY, message, code="capacity", retry_after=RETRY_SECONDS)
