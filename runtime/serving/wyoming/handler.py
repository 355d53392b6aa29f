"""One client's connection: requests in turn, answers as they come."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field

from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler
from wyoming.tts import SynthesizeStopped

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.policy.routing import Utterance
from speechtrt.runtime.serving.core.incoming import Incoming, serving
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.wyoming.hearing import Hearing
from speechtrt.runtime.serving.wyoming.info import describe
from speechtrt.runtime.serving.wyoming.reading import OutOfStep, read_event
from speechtrt.runtime.serving.wyoming.speech import Speech

LOG = logging.getLogger("speechtrt.requests")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a `transcribe` said about the audio that follows."""

    model: str | None = None
    language: str | None = None

    @classmethod
    def of(cls, event: Event) -> "Asked":
        """Raises Refusal for names that are no text."""
        model, language = event.data.get("name"), event.data.get("language")
        if not isinstance(model, str | None) or not isinstance(language, str | None):
            raise Refusal(Reason.INVALID, "the model's or language's name is no text")
        return cls(model, language)


@dataclass(slots=True, eq=False)
class Requests:
    """What a client has begun and not ended."""

    asked: Asked = field(default_factory=Asked)
    hearing: Hearing | None = None
    speech: Speech | None = None


class Handler(AsyncEventHandler):
    """Serves one client; a wrong event is answered by an `error`, and the connection goes on if it still can.

    Every line of log about a connection has the id that it was given.
    """

    def __init__(self, service: Service, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.service = service
        self.key = key
        self.requests = Requests()
        self.serving: ModelCard | None = None  # by which model, last

    async def run(self) -> None:
        """Until the client leaves, is silent for too long, does not read, or the server stops."""
        start = time.monotonic()
        with serving(Incoming.of({})):  # the protocol has no place for a client's own id
            cutting = asyncio.create_task(self._cut())
            try:
                with suppress(ConnectionError):
                    while await self._next():
                        pass
            except TimeoutError:
                if self.serving:
                    self.service.metrics.slow_consumer(self.serving)()
            finally:
                cutting.cancel()
                await self.disconnect()
                self.writer.close()
                LOG.info("wyoming", extra={"fields": {"seconds": round(time.monotonic() - start, 4)}})

    async def handle_event(self, event: Event) -> bool:
        """Serve one event; those that nobody knows are dropped, as the protocol says. Raises errors of the library."""
        match event.type:
            case "describe":
                await self.write_event(describe(self.service.catalogue).event())
            case "ping":
                await self.write_event(Pong(Ping.from_event(event).text).event())
            case "transcribe":
                self.requests.asked = Asked.of(event)
            case "audio-start" | "audio-chunk" | "audio-stop":
                await self._sound(event)
            case "synthesize" | "synthesize-start" | "synthesize-chunk" | "synthesize-stop":
                await self._text(event)
        return True

    async def write_event(self, event: Event) -> None:
        """Send. Raises TimeoutError when the client does not read, ConnectionError when it has left."""
        async with asyncio.timeout(self.service.limits.write_seconds):
            await async_write_event(event, self.writer)

    async def disconnect(self) -> None:
        """Give up what the client had begun."""
        if self.requests.hearing:
            await self.requests.hearing.close()
            self.requests.hearing = None

    async def _next(self) -> bool:
        try:
            event = await self._read()
            return event is not None and await self.handle_event(event)
        except OutOfStep as error:
            await self._fail(error)
            return False
        except SpeechTRTError as error:
            await self._fail(error)
            return True

    async def _read(self) -> Event | None:
        """The next event; None when the client has left, or was silent for too long and has its last words."""
        try:
            async with asyncio.timeout(self.service.limits.idle_seconds):
                return await read_event(self.reader)
        except TimeoutError:
            await self._flush()
            return None

    async def _sound(self, event: Event) -> None:
        hearing = self.requests.hearing
        if event.type == "audio-start":
            if hearing:
                raise Refusal(Reason.INVALID, "audio has begun already; send audio-stop first")
            self.requests.hearing = await self._begin(event)
        elif hearing is None:
            raise Refusal(Reason.INVALID, f"{event.type} came before audio-start; begin with that")
        elif event.type == "audio-chunk":
            await hearing.hear(event)
        else:
            await hearing.finish()
            self.requests.hearing = None

    async def _begin(self, event: Event) -> Hearing:
        asked, self.requests.asked = self.requests.asked, Asked()
        hearer = self.service.router.route(asked.model, Utterance(asked.language)).hearer
        self.serving = hearer.card
        return await Hearing.begin(self.service, hearer, self.key, self.write_event, event, asked.language)

    async def _text(self, event: Event) -> None:
        speech = self.requests.speech
        match event.type, speech:
            case "synthesize-start", _:
                self.requests.speech = self._speech(event)
            case "synthesize", None:
                await self._speech(event).say(event)
            case "synthesize", _:
                pass  # the same text once more, for servers that know no parts
            case _, None:
                raise Refusal(Reason.INVALID, f"{event.type} came before synthesize-start; begin with that")
            case "synthesize-chunk", Speech():
                await speech.add(event)
            case _, Speech():
                self.requests.speech = None
                await speech.finish()
                await self.write_event(SynthesizeStopped().event())

    def _speech(self, event: Event) -> Speech:
        speech = Speech.of(self.service, event, self.key, self.write_event)
        self.serving = speech.speaker.card
        return speech

    async def _fail(self, error: SpeechTRTError) -> None:
        """Tell the client; whatever it had begun is over."""
        refusal = refusal_of(error)
        if self.requests.hearing:
            await self.requests.hearing.close(refusal)
        self.requests = Requests()
        await self.write_event(Error(str(refusal), refusal.code).event())

    async def _cut(self) -> None:
        """When the server may not wait any longer, the words so far are sent and the client is let go."""
        await self.service.lifecycle.stopped()
        await self._flush()
        self.reader.feed_eof()
        self.writer.close()

    async def _flush(self) -> None:
        """End the client's audio for it."""
        hearing, self.requests.hearing = self.requests.hearing, None
        if hearing:
            with suppress(SpeechTRTError, TimeoutError, ConnectionError):
                await hearing.finish()
            await hearing.close()
