"""Who does the work of a stage: whoever asks for it, or a thread beside."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Task(Generic[T]):
    """A piece of work and, once it is `done`, what came of it; `notify` is called right after, by whoever did it.

    One thread does it and another looks at it now and then, so it needs no lock: `done` is set last.
    """

    __slots__ = ("_dropped", "_notify", "_result", "_work", "done", "error")

    def __init__(self, work: Callable[[], T], notify: Callable[[], None]) -> None:
        self._work, self._notify = work, notify
        self._result: T | None = None
        self._dropped = False
        self.error: Exception | None = None
        self.done = False

    @property
    def result(self) -> T:
        """What the work returned. Raises what it raised."""
        if self.error is not None:
            raise self.error
        assert self.done
        return self._result  # type: ignore[return-value]

    def drop(self) -> None:
        """Nobody wants it any more; it is not begun if it has not been."""
        self._dropped = True

    def run(self) -> None:
        """Do the work."""
        if self._dropped:
            return
        try:
            self._result = self._work()
        except Exception as error:  # whoever asks for the result gets it
            self.error = error
        self.done = True
        self._notify()


class Hand(Protocol):
    """Does one task after the other."""

    def give(self, task: Task[T]) -> None:
        """See to it that the task is run."""

    def close(self) -> None:
        """Wait for the task at hand, and run no other."""


class Inline:
    """Does the work at once."""

    def give(self, task: Task[T]) -> None:
        """Run it."""
        task.run()

    def close(self) -> None:
        """There is nothing to wait for."""


class Helper:
    """A thread that begins with its first task; to give it one is little work, unlike with a pool and its futures."""

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[Task[object] | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def give(self, task: Task[T]) -> None:
        """Queue it."""
        if self._thread.ident is None:
            self._thread.start()
        self._tasks.put(task)  # type: ignore[arg-type]

    def close(self) -> None:
        """Wait for the task at hand, and run no other. It may be closed twice."""
        self._closed = True
        self._tasks.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._closed:
            task.run()
