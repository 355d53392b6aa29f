"""One recording of a client, from `audio-start` to `transcript`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Self

from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.event import Event

from speechtrt.audio import HIGHEST_RATE, LOWEST_RATE
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.pcm import Encoding, PcmReader
from speechtrt.runtime.serving.core.metrics import Departure
from speechtrt.runtime.serving.core.ports import Heard, Hearer, Listener
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.core.service import Service

Send = Callable[[Event], Awaitable[None]]
WIDTH = 2


@dataclass(slots=True)
class Hearing:
    """Sends words as they are heard. Whatever ends it, `close` must be called."""

    service: Service
    hearer: Hearer
    listener: Listener
    send: Send
    rate: int
    language: str | None
    _place: ExitStack
    _reader: PcmReader = field(default_factory=lambda: PcmReader(Encoding.PCM16))
    _seconds: float = 0.0
    _telling: "asyncio.Task[str]" = field(init=False)

    def __post_init__(self) -> None:
        self._telling = asyncio.create_task(self._tell())

    @classmethod
    async def begin(
        cls, service: Service, hearer: Hearer, key: str, send: Send, start: Event, language: str | None
    ) -> Self:
        """Take a place for what `audio-start` announces. Raises Refusal."""
        rate = expect_sound(start)
        with ExitStack() as place:
            version = place.enter_context(service.admitted(hearer, key))
            listener = await version.listen()
            kept = place.pop_all()
        return cls(service, version, listener, send, rate, language, kept)

    async def hear(self, event: Event) -> None:
        """One `audio-chunk`. Raises Refusal or AudioError."""
        rate = expect_sound(event)
        if rate != self.rate:
            message = f"the rate changed to {rate} Hz; expected {self.rate} Hz, as audio-start said"
            raise Refusal(Reason.INVALID, message)
        samples = self._reader.read(event.payload or b"")
        self._seconds += len(samples) / rate
        limit = self.service.limits.turn_seconds
        if self._seconds > limit:
            raise Refusal(Reason.TOO_LARGE, f"the audio is longer than {limit:g} seconds, the limit; stop it earlier")
        if len(samples):
            await self.listener.hear(samples, rate)

    async def finish(self) -> None:
        """The audio ends here: the transcript follows. Raises Refusal."""
        await self.listener.end()
        text = await self._telling
        self.service.metrics.heard(self.hearer.card, self._seconds)
        await self.listener.close()
        self._place.close()
        await self.send(Transcript(text, language=self.language).event())
        await self.send(TranscriptStop().event())

    async def close(self, error: BaseException | None = None) -> None:
        """Give up, because of an error or because the client has left. It may be closed twice, or after the end."""
        self._telling.cancel()
        await asyncio.gather(self._telling, return_exceptions=True)
        await self.listener.close()
        with suppress(Departure, SpeechTRTError), self._place:
            raise error or Departure

    async def _tell(self) -> str:
        """Chunks of text; all of it."""
        sent = ""
        try:
            async for news in self.listener.news():
                if isinstance(news, Heard) and news.text.startswith(sent) and news.text != sent:
                    if not sent:
                        await self.send(TranscriptStart(language=self.language).event())
                    await self.send(TranscriptChunk(news.text[len(sent) :]).event())
                    sent = news.text
        except SpeechTRTError as error:
            raise refusal_of(error) from error
        return sent


def expect_sound(event: Event) -> int:
    """The rate of an `audio-start` or `audio-chunk`. Raises Refusal unless it announces 16-bit mono sound."""
    rate, width, channels = (event.data.get(name) for name in ("rate", "width", "channels"))
    if not (isinstance(rate, int) and LOWEST_RATE <= rate <= HIGHEST_RATE) or (width, channels) != (WIDTH, 1):
        found = f"rate {str(rate)[:20]}, width {str(width)[:20]}, channels {str(channels)[:20]}"
        expected = f"a rate of {LOWEST_RATE} to {HIGHEST_RATE} Hz, width {WIDTH} and 1 channel"
        raise Refusal(Reason.INVALID, f"the audio has {found}; expected {expected}")
    return int(rate)
