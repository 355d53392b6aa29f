"""A transcriber as a hearer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from speechtrt.errors import CapacityError
from speechtrt.runtime.asr.async_stream import AsyncStream
from speechtrt.runtime.asr.decoding.options import DecodingOptions, HotPhrase
from speechtrt.runtime.asr.decoding.spelling import Spelling
from speechtrt.runtime.asr.endpoint import RULES, Endpointing, EndpointRule
from speechtrt.runtime.asr.events import Final, Partial
from speechtrt.runtime.asr.options import RECORDING, StreamOptions
from speechtrt.runtime.asr.pcm import Plain
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Alternative, Word
from speechtrt.runtime.serving.core.ports import LIVE, Gauges, Heard, Listening, Mode, ModelCard, News

TRIES, WAIT_SECONDS = 50, 0.01
BUFFER_SECONDS = 5.0  # a client that sends a file as fast as it can must not look like an overload


@dataclass(frozen=True, slots=True)
class TranscriberHearer:
    """Hears through the batches that all streams share; `batch` is the largest."""

    card: ModelCard
    transcriber: Transcriber
    batch: int

    def check(self, listening: Listening) -> None:
        """Raise TextError for hot words or alternatives that no stream can have."""
        self._decoding(listening)
        if listening.hot_words:
            spelling = Spelling.of(self.transcriber.labels.texts)
            for phrase in listening.hot_words:
                spelling.phrase(phrase)

    async def listen(self, listening: Listening = LIVE) -> "StreamListener":
        """A new stream with a slot of its own. Raises CapacityError or TextError.

        A session's next turn may begin while the last words of the one before still come: that is worth a short wait.
        """
        options = _options(listening, self._decoding(listening))
        for _ in range(TRIES - 1):
            with suppress(CapacityError):
                return await self._open(options, listening.mode)
            await asyncio.sleep(WAIT_SECONDS)
        return await self._open(options, listening.mode)

    def gauges(self) -> Gauges:
        """How busy it is; a batch is a step of the encoder."""
        clock, relief, guard = self.transcriber.clock, self.transcriber.relief, self.transcriber.guard
        steps, active = clock.time("encoder"), self.transcriber.places.taken
        return Gauges(
            active,
            0,
            steps.calls,
            steps.rows,
            steps.calls * self.batch,
            clock.times(),
            relief.look(),
            tripped=guard is not None and guard.tripped,
            guarded=guard.totals if guard else {},
        )

    async def _open(self, options: StreamOptions, mode: Mode) -> "StreamListener":
        """Many hot words take their time, hence a thread."""
        if options.decoding is None:
            return StreamListener(self.transcriber.stream_async(options), mode)
        return StreamListener(AsyncStream.over(await asyncio.to_thread(self.transcriber.stream, options)), mode)

    def _decoding(self, listening: Listening) -> DecodingOptions | None:
        """None is the transcriber's own."""
        spelling = Spelling.of(self.transcriber.labels.texts) if listening.hints else None
        hints = [
            hint for hint in listening.hints if spelling and all(map(spelling.spells, spelling.fold(hint).split()))
        ]
        hot_words = (*listening.hot_words, *map(HotPhrase, hints))
        default = self.transcriber.decoding
        chosen = default.favouring(hot_words, listening.alternatives)
        return None if chosen == default else chosen


@dataclass(frozen=True, slots=True)
class StreamListener:
    """A live stream."""

    stream: AsyncStream
    mode: Mode

    async def hear(self, pcm: Plain, rate: int) -> None:
        """Append mono samples; waits while too much is unheard. Raises AudioError."""
        await self.stream.accept(pcm, rate)

    async def end(self) -> None:
        """The audio ends here."""
        self.stream.end()

    async def news(self) -> AsyncIterator[News]:
        """What is heard, and what befalls the stream, to the last one after `end`. Raises what ended the stream."""
        words: tuple[Word, ...] = ()
        readings: tuple[Alternative, ...] = ()
        async for event in self.stream:
            match event:
                case Partial():
                    yield Heard(event.stable, event.seconds, event.unstable)
                case Final() if self.mode is Mode.UTTERANCES:
                    yield Heard(event.text, event.end, "", event.words, True, event.alternatives)
                case Final():
                    words, readings = event.words, event.alternatives
                case _:
                    yield event
        if self.mode is not Mode.UTTERANCES:
            text = " ".join(word.word for word in words)
            yield Heard(text, self.stream.stream.intake.seconds, "", words, True, readings)

    async def close(self) -> None:
        """Give up the stream and free its slot; it may be closed twice."""
        self.stream.close()


def _options(listening: Listening, decoding: DecodingOptions | None) -> StreamOptions:
    """Without rules an utterance lasts as long as the stream: then the protocol says where it ends.

    The server's door has let a session in, so no turn of it is refused because of overload.
    """
    whole = Endpointing(())
    match listening.mode:
        case Mode.RECORDING:
            return replace(RECORDING, decoding=decoding, admitted=True)
        case Mode.GROWING:
            return replace(RECORDING, partials=True, decoding=decoding, admitted=True)
        case Mode.LIVE:
            return StreamOptions(endpointing=whole, buffer_seconds=BUFFER_SECONDS, decoding=decoding, admitted=True)
        case Mode.UTTERANCES:
            silence = listening.silence
            rules = RULES if silence is None else (EndpointRule(silence=silence, speech=True), *RULES)
            endpointing = Endpointing(rules)
            return StreamOptions(
                endpointing=endpointing, buffer_seconds=BUFFER_SECONDS, decoding=decoding, admitted=True
            )
