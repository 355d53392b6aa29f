"""One item of the conversation: a turn's audio on its way to words."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.events import Degraded, Dropped
from speechtrt.runtime.asr.pcm import Plain
from speechtrt.runtime.serving.core.arrivals import Arrivals
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.ports import Heard, Hearer, Listener, News
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.core.tracing import stage
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
    _arrivals: Arrivals = field(init=False)
    _work: "asyncio.Task[None]" = field(init=False)

    def __post_init__(self) -> None:
        self._arrivals = Arrivals(self.metrics, self.hearer.card)
        self._work = asyncio.create_task(self._listen())

    @property
    def begun(self) -> bool:
        """Whether a client has seen words of this item."""
        return bool(self._sent)

    async def hear(self, samples: Plain, rate: int) -> None:
        """Append audio; waits while too much is unheard. Raises AudioError."""
        self.seconds += len(samples) / rate
        self._arrivals.came(self.seconds)
        await self.listener.hear(samples, rate)

    async def commit(self) -> None:
        """The turn is over; the words follow."""
        self.state = ItemState.COMMITTED
        self._arrivals.ended()
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
            with stage("turn"):
                async for news in self.listener.news():
                    self._pass_on(news)
        except SpeechTRTError as error:
            self.metrics.failed_turn(self.hearer.card)
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
                self._arrivals.dropped(news.seconds)
                self.send(dropped(self.id, self.start + news.start, news.seconds))

    def _tell(self, heard: Heard) -> None:
        more = heard.text.removeprefix(self._sent) if heard.text.startswith(self._sent) else ""
        if more:
            self._arrivals.heard(heard.seconds)
            self.send(delta(self.id, more))
            self._sent = heard.text
        if heard.final:
            self._arrivals.finished()
            self.metrics.heard(self.hearer.card, self.seconds)
            self.send(completed(self.id, heard.text, self.seconds))


def given_up() -> Refusal:
    """Why a cleared item has no words."""
    return Refusal(Reason.INVALID, "the client cleared its audio", code="input_audio_buffer_cleared")
