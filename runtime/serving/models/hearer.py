"""A transcriber as a hearer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from speechtrt.audio import Samples
from speechtrt.errors import CapacityError
from speechtrt.runtime.asr.async_stream import AsyncStream
from speechtrt.runtime.asr.endpoint import RULES, Endpointing, EndpointRule
from speechtrt.runtime.asr.events import Final, Partial
from speechtrt.runtime.asr.options import RECORDING, StreamOptions
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.serving.core.ports import Gauges, Heard, Mode, ModelCard, News

TRIES, WAIT_SECONDS = 50, 0.01
BUFFER_SECONDS = 5.0  # a client that sends a file as fast as it can must not look like an overload


@dataclass(frozen=True, slots=True)
class TranscriberHearer:
    """Hears through the batches that all streams share; `batch` is the largest."""

    card: ModelCard
    transcriber: Transcriber
    batch: int

    async def listen(self, mode: Mode = Mode.LIVE, silence: float | None = None) -> "StreamListener":
        """A new stream with a slot of its own. Raises CapacityError.

        A session's next turn may begin while the last words of the one before still come: that is worth a short wait.
        """
        options = _options(mode, silence)
        for _ in range(TRIES - 1):
            with suppress(CapacityError):
                return StreamListener(self.transcriber.stream_async(options), mode)
            await asyncio.sleep(WAIT_SECONDS)
        return StreamListener(self.transcriber.stream_async(options), mode)

    def gauges(self) -> Gauges:
        """How busy it is; a batch is a step of the encoder."""
        clock, relief = self.transcriber.clock, self.transcriber.relief
        steps, active = clock.time("encoder"), self.transcriber.places.taken
        return Gauges(active, 0, steps.calls, steps.rows, steps.calls * self.batch, clock.times(), relief.rung)


@dataclass(frozen=True, slots=True)
class StreamListener:
    """A live stream."""

    stream: AsyncStream
    mode: Mode

    async def hear(self, pcm: Samples, rate: int) -> None:
        """Append mono samples; waits while too much is unheard. Raises AudioError."""
        await self.stream.accept(pcm, rate)

    async def end(self) -> None:
        """The audio ends here."""
        self.stream.end()

    async def news(self) -> AsyncIterator[News]:
        """What is heard, and what befalls the stream, to the last one after `end`. Raises what ended the stream."""
        words: tuple[Word, ...] = ()
        async for event in self.stream:
            match event:
                case Partial():
                    yield Heard(event.stable, event.seconds, event.unstable)
                case Final() if self.mode is Mode.UTTERANCES:
                    yield Heard(event.text, event.end, words=event.words, final=True)
                case Final():
                    words = event.words
                case _:
                    yield event
        if self.mode is not Mode.UTTERANCES:
            yield Heard(" ".join(w.word for w in words), self.stream.stream.intake.seconds, words=words, final=True)

    async def close(self) -> None:
        """Give up the stream and free its slot; it may be closed twice."""
        self.stream.close()


def _options(mode: Mode, silence: float | None) -> StreamOptions:
    """Without rules an utterance lasts as long as the stream: then the protocol says where it ends."""
    match mode:
        case Mode.RECORDING:
            return RECORDING
        case Mode.GROWING:
            return replace(RECORDING, partials=True)
        case Mode.LIVE:
            return StreamOptions(endpointing=Endpointing(()), buffer_seconds=BUFFER_SECONDS)
        case Mode.UTTERANCES:
            rules = RULES if silence is None else (EndpointRule(silence=silence, speech=True), *RULES)
            return StreamOptions(endpointing=Endpointing(rules), buffer_seconds=BUFFER_SECONDS)
