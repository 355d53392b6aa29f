"""`POST /v1/audio/speech`: text in, sound out while it is made."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.types import ASGIApp

from speechtrt.runtime.serving.core.ports import Speaker, Utterance
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.speaking import spoken
from speechtrt.runtime.serving.http.body import parse
from speechtrt.runtime.serving.http.identity import identify
from speechtrt.runtime.serving.http.reply import server_sent
from speechtrt.runtime.serving.http.streaming import Chunks
from speechtrt.runtime.serving.sound.encoding import MEDIA_TYPES, Format, open_encoder

LARGEST_SEED = 2**63 - 1


class VoiceId(msgspec.Struct, frozen=True):
    """A voice by its id."""

    id: str


class SpeechBody(msgspec.Struct, frozen=True):
    """What to speak. `instructions` is accepted and has no effect; `seed` is an extension: same seed, same sound."""

    input: str
    model: str | None = None
    voice: str | VoiceId | None = None
    response_format: Format = Format.MP3
    stream_format: Literal["audio", "sse"] = "audio"
    speed: Annotated[float, Meta(ge=0.25, le=4.0)] = 1.0
    instructions: str | None = None
    seed: Annotated[int, Meta(ge=0, le=LARGEST_SEED)] = 0


@dataclass(frozen=True, slots=True)
class SpeechEndpoint:
    """Speaks for HTTP clients."""

    service: Service

    async def create(self, request: Request) -> ASGIApp:
        """A response that is sent while the sound is made."""
        key = identify(request, self.service.keyring)
        body = await parse(request, SpeechBody, self.service.limits.body_bytes)
        self._check(body)
        speaker = self.service.catalogue.speaker(body.model)
        name = body.voice.id if isinstance(body.voice, VoiceId) else body.voice
        utterance = Utterance(body.input, self.service.catalogue.voice(speaker, name), body.seed)
        encoder = open_encoder(body.response_format, speaker.card.rate)
        chunks = spoken(self.service, speaker, utterance, encoder, key)
        if body.stream_format == "sse":
            return self._response(speaker, _events(chunks, len(body.input)), "text/event-stream")
        return self._response(speaker, chunks, MEDIA_TYPES[body.response_format])

    def _check(self, body: SpeechBody) -> None:
        limit = self.service.limits.text_characters
        if len(body.input) > limit:
            message = f"the input has {len(body.input)} characters; expected at most {limit}, so send it in parts"
            raise Refusal(Reason.INVALID, message, code="string_above_max_length", param="input")
        if body.speed != 1.0:
            message = f"a speed of {body.speed:g} was asked for; this model speaks at its own speed, so leave it at 1"
            raise Refusal(Reason.INVALID, message, code="unsupported_value", param="speed")

    def _response(self, speaker: Speaker, body: AsyncGenerator[bytes, None], media_type: str) -> Chunks:
        cut = self.service.metrics.slow_consumer(speaker.card)
        return Chunks(body, media_type, self.service.limits.write_seconds, cut)


async def _events(chunks: AsyncGenerator[bytes, None], characters: int) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            yield server_sent({"type": "speech.audio.delta", "audio": base64.b64encode(chunk).decode()})
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    yield server_sent({"type": "speech.audio.done", "usage": usage})
