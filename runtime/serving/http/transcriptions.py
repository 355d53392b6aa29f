"""`POST /v1/audio/transcriptions`: a recording in, its text out."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from speechtrt.audio import Audio
from speechtrt.runtime.asr.subtitles import cues, srt, vtt
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.serving.core.hearing import hear_recording, transcribe
from speechtrt.runtime.serving.core.ports import Hearer, Listening, Mode
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.tracing import stage
from speechtrt.runtime.serving.http.identity import identify
from speechtrt.runtime.serving.http.reply import json_response, server_sent
from speechtrt.runtime.serving.http.streaming import Chunks
from speechtrt.runtime.serving.http.upload import Form, Shape, read_form
from speechtrt.runtime.serving.sound.decoding import decode_file


@dataclass(frozen=True, slots=True)
class TranscriptionEndpoint:
    """Transcribes for HTTP clients."""

    service: Service

    async def create(self, request: Request) -> ASGIApp:
        """The whole text at once, or piece by piece as it is heard."""
        key = identify(request, self.service.keyring)
        self.service.lifecycle.expect_ready()
        form = await read_form(request, self.service.limits.body_bytes)
        hearer = self.service.router.route(form.model, form.utterance).hearer
        listening = form.listening(Mode.GROWING if form.stream else Mode.RECORDING)
        hearer.check(listening)
        if form.stream:
            body = self._events(hearer, form, listening, key)
            cut = self.service.metrics.slow_consumer(hearer.card)
            return Chunks(body, "text/event-stream", self.service.limits.write_seconds, cut)
        with self.service.admitted(hearer, key) as version:
            audio = await self._decode(form)
            transcript = await transcribe(version, audio, self.service.metrics, listening)
        return _response(transcript, form)

    async def _decode(self, form: Form) -> Audio:
        with stage("decode"):
            return await asyncio.to_thread(decode_file, form.file, self.service.limits.audio_seconds)

    async def _events(self, hearer: Hearer, form: Form, listening: Listening, key: str) -> AsyncGenerator[bytes, None]:
        with self.service.admitted(hearer, key) as version:
            audio = await self._decode(form)
            sent = ""
            async with aclosing(hear_recording(version, audio, self.service.metrics, listening)) as news:
                async for heard in news:
                    if delta := heard.text[len(sent) :]:
                        yield server_sent({"type": "transcript.text.delta", "delta": delta})
                    sent = heard.text
            yield server_sent({"type": "transcript.text.done", "text": sent, "usage": _usage(audio.seconds)})


def _response(transcript: Transcript, form: Form) -> Response:
    match form.shape:
        case Shape.TEXT:
            return PlainTextResponse(f"{transcript.text}\n")
        case Shape.SRT:
            return PlainTextResponse(srt(transcript.words))
        case Shape.VTT:
            return PlainTextResponse(vtt(transcript.words))
        case Shape.VERBOSE_JSON:
            return json_response(_verbose(transcript, form))
        case Shape.JSON:
            return json_response({"text": transcript.text, "usage": _usage(transcript.duration_seconds)})


def _verbose(transcript: Transcript, form: Form) -> dict[str, object]:
    document: dict[str, object] = {
        "task": "transcribe",
        "language": form.language or "en",
        "duration": transcript.duration_seconds,
        "text": transcript.text,
        "usage": _usage(transcript.duration_seconds),
    }
    if "segment" in form.granularities:
        document["segments"] = [
            {"id": number, "start": cue.start, "end": cue.end, "text": cue.text}
            for number, cue in enumerate(cues(transcript.words))
        ]
    if "word" in form.granularities:
        document["words"] = [{"word": w.word, "start": w.start, "end": w.end} for w in transcript.words]
    return document


def _usage(seconds: float) -> dict[str, object]:
    return {"type": "duration", "seconds": round(seconds, 3)}
