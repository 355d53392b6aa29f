"""How many streams may be open at once, and which lane each of them gets."""

from dataclasses import dataclass, field
from threading import Condition

from speechtrt.errors import CapacityError


@dataclass(slots=True)
class Places:
    """Counts the streams of every lane. While `refusing` holds a reason, no new one is let in.

    Whoever comes gets the lane with the fewest, so that none ever has more than its equal share of `capacity`.
    """

    capacity: int
    lanes: int = 1
    refusing: str | None = None
    _taken: list[int] = field(init=False)  # by lane
    _freed: Condition = field(default_factory=Condition)

    def __post_init__(self) -> None:
        self._taken = [0] * self.lanes

    @property
    def taken(self) -> int:
        """Streams that are open or still being heard."""
        return sum(self._taken)

    def take(self, timeout: float | None = 0.0, admitted: bool = False) -> int:
        """Count one more stream, once there is room, and say in which lane; who was `admitted` before only needs room.

        Raises CapacityError after `timeout` seconds.
        """
        with self._freed:
            if not self._freed.wait_for(
                lambda: self.taken < self.capacity and (admitted or not self.refusing), timeout
            ):
                raise CapacityError(
                    f"new streams are refused: {self.refusing}; try again later"
                    if self.refusing and not admitted
                    else f"all {self.capacity} slots have live streams; close one, or open with more slots"
                )
            lane = self._taken.index(min(self._taken))
            self._taken[lane] += 1
            return lane

    def refuse(self, reason: str | None) -> None:
        """Let nobody in while there is a `reason`."""
        with self._freed:
            self.refusing = reason
            self._freed.notify_all()

    def give_back(self, lane: int) -> None:
        """Count one stream less."""
        with self._freed:
            self._taken[lane] -= 1
            self._freed.notify()
