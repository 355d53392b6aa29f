"""An event loop whose time stands still while anybody works, and jumps to the next timer when nobody does."""

import asyncio
import selectors


class Jumping(selectors.DefaultSelector):
    """Waits for nothing that is not there already; `now` has the seconds that it would have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += max(0.0, timeout or 0.0)
        return super().select(0)


class UnhurriedLoop(asyncio.SelectorEventLoop):
    """How long anything takes depends on its timers alone, however busy the machine is."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now
