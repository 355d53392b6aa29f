"""A transcriber as a hearer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from speechtrt.audio import Samples
from speechtrt.runtime.asr.async_stream import AsyncStream
from speechtrt.runtime.asr.endpoint import Endpointing
from speechtrt.runtime.asr.events import Final, Partial
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.serving.core.ports import Gauges, Heard, ModelCard

WHOLE = StreamOptions(endpointing=Endpointing(()))  # the protocols say where an utterance ends


@dataclass(frozen=True, slots=True)
class TranscriberHearer:
    """Hears through the batches that all streams share; `batch` is the largest."""

    card: ModelCard
    transcriber: Transcriber
    batch: int

    async def listen(self, live: bool = True) -> "StreamListener":
        """A new stream with a slot of its own. Raises CapacityError."""
        return StreamListener(self.transcriber.stream_async(replace(WHOLE, partials=live)))

    def gauges(self) -> Gauges:
        """How busy it is; a batch is a step of the encoder."""
        clock = self.transcriber.clock
        steps = clock.time("encoder")
        active = self.transcriber.places.taken
        return Gauges(active, 0, steps.calls, steps.rows, steps.calls * self.batch, clock.times())


@dataclass(frozen=True, slots=True)
class StreamListener:
    """A live stream; its utterances, if it has several, are one text."""

    stream: AsyncStream

    async def hear(self, pcm: Samples, rate: int) -> None:
        """Append mono samples; waits while too much is unheard. Raises AudioError."""
        await self.stream.accept(pcm, rate)

    async def end(self) -> None:
        """The audio ends here."""
        self.stream.end()

    async def heard(self) -> AsyncIterator[Heard]:
        """News as it comes; the last one, after `end`, is final."""
        words: tuple[Word, ...] = ()
        async for event in self.stream:
            if isinstance(event, Partial):
                yield Heard(_joined(words, event.stable), event.seconds, event.unstable)
            elif isinstance(event, Final):
                words += event.words
        seconds = self.stream.stream.intake.seconds
        yield Heard(_joined(words, ""), seconds, words=words, final=True)

    async def close(self) -> None:
        """Give up the stream and free its slot; it may be closed twice."""
        self.stream.close()


def _joined(words: tuple[Word, ...], rest: str) -> str:
    return " ".join([*(word.word for word in words), *([rest] if rest else [])])
