"""Riva's recognition service: recordings at once, streams with interim results."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import grpc
import numpy as np

from speechtrt.audio import Audio
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.decoding.options import BOOST, HotPhrase
from speechtrt.runtime.asr.events import Dropped
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.policy.routing import Utterance
from speechtrt.runtime.serving.core.arrivals import Arrivals
from speechtrt.runtime.serving.core.hearing import transcribe
from speechtrt.runtime.serving.core.ports import Heard, Hearer, Listener, Listening, Mode
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.tracing import stage
from speechtrt.runtime.serving.riva.pace import Answers, until_idle
from speechtrt.runtime.serving.riva.sound import StreamedSound
from speechtrt.runtime.serving.riva.status import answered, identify
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from speechtrt.runtime.serving.sound.decoding import decode_file

FILES = (b"RIFF", b"fLaC", b"OggS", b"ID3")
STABLE, UNSTABLE = 0.9, 0.1
Requests = AsyncIterator[wire.StreamingRecognizeRequest]


@dataclass(frozen=True, slots=True)
class Source:
    """The audio of a call, at most `limit` seconds."""

    requests: Requests
    sound: StreamedSound
    arrivals: Arrivals
    limit: float

    async def feed(self, listener: Listener) -> None:
        """Let all of it be heard."""
        seconds, sound = 0.0, self.sound
        try:
            async for request in self.requests:
                samples = sound.push(request.audio_content)
                seconds += len(samples) / max(sound.rate, 1)
                if seconds > self.limit:
                    what = f"the stream is longer than {self.limit:g} seconds, the limit; open another"
                    raise Refusal(Reason.TOO_LARGE, what)
                if len(samples):
                    self.arrivals.came(seconds)
                    await listener.hear(samples, sound.rate)
            if len(rest := sound.end()):
                await listener.hear(rest, sound.rate)
            self.arrivals.ended()
            self.arrivals.metrics.heard(self.arrivals.card, seconds)
            await listener.end()
        except SpeechTRTError:
            await listener.close()  # nothing more will be heard, so whoever waits for it must not
            raise


@dataclass(frozen=True, slots=True)
class Recognition:
    """Transcribes for Riva's clients."""

    service: Service

    async def recognize(
        self, request: wire.RecognizeRequest, context: grpc.aio.ServicerContext
    ) -> wire.RecognizeResponse:
        """The words of a recording."""
        async with answered(context):
            key, hearer = identify(context, self.service.keyring), self._hearer(request.config)
            listening = _listening(request.config, Mode.RECORDING)
            with self.service.admitted(hearer, key) as version:
                audio = await asyncio.to_thread(self._audio, request)
                transcript = await transcribe(version, audio, self.service.metrics, listening)
            readings = transcript.alternatives or (transcript,)
            found = [alternative(reading.text, reading.words, request.config) for reading in readings]
            result = wire.RecognitionResult(alternatives=found, channel_tag=1, audio_processed=audio.seconds)
        return wire.RecognizeResponse(results=[result], id=request.id)

    async def streaming_recognize(self, requests: Requests, context: grpc.aio.ServicerContext) -> None:
        """Words while they are said: interim results if asked for, a final one per utterance."""
        async with answered(context):
            key = identify(context, self.service.keyring)
            requests, answers = until_idle(requests, self.service.limits.idle_seconds), Answers(self.service, context)
            first = await anext(requests, None)
            if first is None or not first.HasField("streaming_config"):
                raise Refusal(Reason.INVALID, "the first message has no streaming_config; send it before any audio")
            config = first.streaming_config.config
            hearer, sound = self._hearer(config), StreamedSound.of(config)
            with self.service.admitted(hearer, key) as version, stage("hear"):
                await context.send_initial_metadata(_service_level(version))
                listener = await version.listen(_listening(config, Mode.UTTERANCES))
                arrivals = Arrivals(self.service.metrics, version.card)
                source = Source(requests, sound, arrivals, self.service.limits.audio_seconds)
                async with aclosing(_results(source, listener, first.streaming_config)) as results:
                    async for result in results:
                        response = wire.StreamingRecognizeResponse(results=[result], id=first.id)
                        await answers.send(response, version.card)

    async def config(self, request: wire.ConfigRequest, context: grpc.aio.ServicerContext) -> wire.ConfigResponse:
        """Every recognition model."""
        async with answered(context):
            identify(context, self.service.keyring)
        cards = [h.card for h in self.service.catalogue.hearers.values()]
        return wire.ConfigResponse(
            model_config=[
                wire.ConfigResponse.Config(
                    model_name=card.name,
                    parameters={
                        "language_code": language,
                        "type": kind,
                        "streaming": str(kind == "online"),
                        "sample_rate": str(card.rate),
                    },
                )
                for card in cards
                if request.model_name in ("", card.name)
                for language in card.languages
                for kind in ("online", "offline")
            ]
        )

    def _hearer(self, config: wire.RecognitionConfig) -> Hearer:
        phrases = [phrase for context in config.speech_contexts for phrase in context.phrases]
        utterance = Utterance(config.language_code or None, text=" ".join(phrases))
        hearer = self.service.router.route(config.model or None, utterance).hearer
        expect_language(config.language_code, hearer.card.languages)
        return hearer

    def _audio(self, request: wire.RecognizeRequest) -> Audio:
        limit = self.service.limits.audio_seconds
        if request.audio[:4].startswith(FILES):
            return decode_file(request.audio, limit)
        sound = StreamedSound.of(request.config)
        samples = np.concatenate([sound.push(request.audio), sound.end()])
        audio = Audio(samples, sound.rate)
        if not len(samples) or audio.seconds > limit:
            what = f"the audio lasts {audio.seconds:g} seconds; expected more than none and at most {limit:g}"
            raise Refusal(Reason.INVALID, what)
        return audio


async def _results(
    source: Source, listener: Listener, config: wire.StreamingRecognitionConfig
) -> AsyncGenerator[wire.StreamingResult, None]:
    feeding = asyncio.ensure_future(source.feed(listener))
    try:
        async for news in listener.news():
            if isinstance(news, Dropped):
                source.arrivals.dropped(news.seconds)
            if isinstance(news, Heard):
                source.arrivals.heard(news.seconds)
                if news.final or config.interim_results:
                    yield _result(news, config.config)
        source.arrivals.finished()
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await listener.close()


def _service_level(hearer: Hearer) -> tuple[tuple[str, str], ...]:
    """Metadata: Riva's messages have no place for the model that hears, nor for its rung of the overload ladder."""
    return ("speechtrt-model", hearer.card.name), ("speechtrt-rung", str(hearer.gauges().rung))


def _result(heard: Heard, config: wire.RecognitionConfig) -> wire.StreamingResult:
    best = alternative(heard.text + heard.tail, heard.words, config)
    return wire.StreamingResult(
        alternatives=[alternative(a.text, a.words, config) for a in heard.alternatives] or [best],
        is_final=heard.final,
        stability=0.0 if heard.final else (UNSTABLE if heard.tail else STABLE),
        channel_tag=1,
        audio_processed=heard.seconds,
    )


def alternative(text: str, words: tuple[Word, ...], config: wire.RecognitionConfig) -> wire.Alternative:
    """A hypothesis; its confidence is the words' mean."""
    confidence = sum(w.confidence for w in words) / len(words) if words else 0.0
    timed = words if config.enable_word_time_offsets else ()
    return wire.Alternative(
        transcript=text,
        confidence=confidence,
        words=[
            wire.WordInfo(
                word=w.word, start_time=round(w.start * 1000), end_time=round(w.end * 1000), confidence=w.confidence
            )
            for w in timed
        ],
    )


def expect_language(code: str, known: tuple[str, ...]) -> None:
    """Raise Refusal unless a code such as en-US is of a known language."""
    if code and code.partition("-")[0].lower() not in known:
        raise Refusal(Reason.INVALID, f"no language {code[:40]!r}; this model has {', '.join(known)}")


def _listening(config: wire.RecognitionConfig, mode: Mode) -> Listening:
    """What the client asks for. Raises TextError."""
    milliseconds = config.endpointing_config.stop_history
    hot_words = [
        HotPhrase(phrase, context.boost or BOOST) for context in config.speech_contexts for phrase in context.phrases
    ]
    silence = milliseconds / 1000 if milliseconds > 0 else None
    return Listening(mode, silence, tuple(hot_words), alternatives=max(1, config.max_alternatives))
