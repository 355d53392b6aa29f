"""A live stream as its owner sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from speechtrt.audio import Samples
from speechtrt.runtime.asr.session import Session, SessionState
from speechtrt.runtime.asr.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Stream:
    """Audio goes in by `accept`; the transcriber's `step` works on all its streams; `flush` ends this one."""

    _session: Session
    _step: Callable[[], int]

    @property
    def state(self) -> SessionState:
        """Whether the stream takes audio."""
        return self._session.state

    @property
    def ready(self) -> bool:
        """Whether the next step has a chunk of this stream to work on."""
        return self._session.ready

    @property
    def transcript(self) -> Transcript:
        """What the steps so far have heard."""
        return self._session.transcript

    def accept(self, pcm: Samples, rate: int) -> None:
        """Append mono samples [n] in [-1, 1] at `rate` Hz. Raises AudioError."""
        self._session.accept(pcm, rate)

    def end(self) -> None:
        """The audio ends here; the coming steps hear the rest. Raises AudioError when it has ended before."""
        self._session.flush()

    def flush(self) -> Transcript:
        """End the stream, hear the rest at once, and free its slot; the final transcript. Raises AudioError."""
        self.end()
        while self._session.ready:
            self._step()
        return self._session.transcript

    def close(self) -> None:
        """Give up the stream; its slot is free at the next step. It may be closed twice."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
