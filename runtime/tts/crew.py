"""Who does the work beside the decoder's steps: the caller's own thread, or a thread for each stage."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

STRIDE = 4

P = ParamSpec("P")
T = TypeVar("T")


class Inline(Executor):
    """Does the work at once."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A finished future."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # whoever asks for the result gets it
            future.set_exception(error)
        return future


@dataclass(frozen=True, slots=True)
class Crew:
    """One who encodes and one who makes sound.

    `ahead` sentences are encoded before there is a slot for them; `passes` pieces of sound are handed over at once,
    while the rest waits for its turn by urgency. The decoder makes up to `stride` short steps before anybody looks
    around, unless somebody calls.
    """

    encoder: Executor
    vocoder: Executor
    ahead: int
    passes: int
    stride: int = 1

    @classmethod
    def alone(cls) -> "Crew":
        """Everything happens within a step, in order."""
        return cls(Inline(), Inline(), ahead=0, passes=1)

    @classmethod
    def threads(cls) -> "Crew":
        """Stages overlap."""
        return cls(_thread("encoder"), _thread("vocoder"), ahead=4, passes=2, stride=STRIDE)

    def close(self) -> None:
        """Wait for the work at hand and drop the rest."""
        for executor in (self.encoder, self.vocoder):
            executor.shutdown(wait=True, cancel_futures=True)


def _thread(stage: str) -> Executor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"speechtrt-tts-{stage}")
