"""One item of the conversation: a turn's audio on its way to words."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from speechtrt.audio import Samples
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.events import Degraded, Dropped
from speechtrt.runtime.serving.core.metrics import Metrics, labels
from speechtrt.runtime.serving.core.ports import Heard, Hearer, Listener, News
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.realtime.messages import Message, completed, degraded, delta, dropped, failed


class ItemState(Enum):
    """OPEN takes audio, COMMITTED waits for its last words, CLOSED has them, has failed, or was given up."""

    OPEN = "open"
    COMMITTED = "committed"
    CLOSED = "closed"


@dataclass(slots=True)
class Item:
    """Sends its words as they are heard. `start` is where its audio begins, in seconds of the session."""

    id: str
    hearer: Hearer
    listener: Listener
    send: Callable[[Message], None]
    metrics: Metrics
    start: float
    state: ItemState = ItemState.OPEN
    seconds: float = 0.0
    _sent: str = ""
    _arrivals: deque[tuple[float, float]] = field(default_factory=deque)  # seconds of audio, and when they came
    _opened: float = field(default_factory=time.monotonic)
    _committed: float = 0.0
    _work: "asyncio.Task[None]" = field(init=False)

    def __post_init__(self) -> None:
        self._work = asyncio.create_task(self._listen())

    @property
    def begun(self) -> bool:
        """Whether a client has seen words of this item."""
        return bool(self._sent)

    async def hear(self, samples: Samples, rate: int) -> None:
        """Append audio; waits while too much is unheard. Raises AudioError."""
        self.seconds += len(samples) / rate
        self._arrivals.append((self.seconds, time.monotonic()))
        await self.listener.hear(samples, rate)

    async def commit(self) -> None:
        """The turn is over; the words follow."""
        self.state = ItemState.COMMITTED
        self._committed = time.monotonic()
        await self.listener.end()

    async def done(self) -> None:
        """Wait for the last words."""
        await asyncio.wait({self._work})

    async def cancel(self) -> None:
        """Give up the item and free its slot."""
        self.state = ItemState.CLOSED
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        await self.listener.close()

    async def _listen(self) -> None:
        try:
            async for news in self.listener.news():
                self._pass_on(news)
        except SpeechTRTError as error:
            self.send(failed(self.id, refusal_of(error)))
        finally:
            self.state = ItemState.CLOSED
            await self.listener.close()

    def _pass_on(self, news: News) -> None:
        match news:
            case Heard():
                self._tell(news)
            case Degraded():
                self.send(degraded(news.rung, news.action, news.reason))
            case Dropped():
                self.metrics.dropped.labels(*labels(self.hearer.card)).inc(news.seconds)
                self.send(dropped(self.id, self.start + news.start, news.seconds))

    def _tell(self, heard: Heard) -> None:
        more = heard.text.removeprefix(self._sent) if heard.text.startswith(self._sent) else ""
        if more:
            self._observe(heard)
            self.send(delta(self.id, more))
            self._sent = heard.text
        if heard.final:
            self.metrics.final_latency.labels(*labels(self.hearer.card)).observe(time.monotonic() - self._committed)
            self.metrics.heard(self.hearer.card, self.seconds)
            self.send(completed(self.id, heard.text, self.seconds))

    def _observe(self, heard: Heard) -> None:
        now, of = time.monotonic(), labels(self.hearer.card)
        if not self._sent:
            self.metrics.first_partial.labels(*of).observe(now - self._opened)
        while len(self._arrivals) > 1 and self._arrivals[0][0] < heard.seconds:
            self._arrivals.popleft()
        self.metrics.partial_latency.labels(*of).observe(now - self._arrivals[0][1])


def given_up() -> Refusal:
    """Why a cleared item has no words."""
    return Refusal(Reason.INVALID, "the client cleared its audio", code="input_audio_buffer_cleared")
