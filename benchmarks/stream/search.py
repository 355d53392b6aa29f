"""The largest number of streams that a side serves in time."""

from dataclasses import dataclass, field

RESOLUTION = 1.06
NARROW, WIDE = 1.12, 2.0  # the first and the widest step from where the search starts


@dataclass(slots=True)
class Search:
    """The largest number up to `highest` that holds, within a factor of `resolution`: try `count`, then `tell`.

    Goes up or down from the first `count` in steps that grow, then bisects, so a good guess saves most runs. It takes
    for granted that fewer streams are never harder. `found` is the largest number that held; 0 for none.
    """

    count: int
    highest: int
    resolution: float = RESOLUTION
    found: int = 0
    _least_bad: int = field(init=False)
    _step: float = NARROW

    def __post_init__(self) -> None:
        self.count, self._least_bad = min(self.count, self.highest), self.highest + 1

    @property
    def over(self) -> bool:
        """Whether `found` is the answer."""
        return self.found * self.resolution >= self._least_bad - 1 or self.found + 1 >= self._least_bad

    def tell(self, held: bool) -> None:
        """Whether `count` held."""
        if held:
            self.found = self.count
        else:
            self._least_bad = self.count
        self.count, self._step = self._next(), min(self._step * self._step, WIDE)

    def _next(self) -> int:
        if self.found == 0:
            return max(1, min(self._least_bad - 1, int(self._least_bad / self._step)))
        if self._least_bad > self.highest:
            return min(max(self.found + 1, int(self.found * self._step)), self.highest)
        return (self.found + self._least_bad) // 2
