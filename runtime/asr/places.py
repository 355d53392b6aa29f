"""How many streams may be open at once."""

from dataclasses import dataclass, field
from threading import Condition

from speechtrt.errors import CapacityError


@dataclass(slots=True)
class Places:
    """Counts streams. While `refusing` holds a reason, no new one is let in."""

    capacity: int
    refusing: str | None = None
    _taken: int = 0
    _freed: Condition = field(default_factory=Condition)

    @property
    def taken(self) -> int:
        """Streams that are open or still being heard."""
        return self._taken

    def take(self, timeout: float | None = 0.0, admitted: bool = False) -> None:
        """Count one more stream, once there is room; whoever was `admitted` before only needs room.

        Raises CapacityError after `timeout` seconds.
        """
        with self._freed:
            if not self._freed.wait_for(
                lambda: self._taken < self.capacity and (admitted or not self.refusing), timeout
            ):
                raise CapacityError(
                    f"new streams are refused: {self.refusing}; try again later"
                    if self.refusing and not admitted
                    else f"all {self.capacity} slots have live streams; close one, or open with more slots"
                )
            self._taken += 1

    def refuse(self, reason: str | None) -> None:
        """Let nobody in while there is a `reason`."""
        with self._freed:
            self.refusing = reason
            self._freed.notify_all()

    def give_back(self) -> None:
        """Count one stream less."""
        with self._freed:
            self._taken -= 1
            self._freed.notify()
