"""Riva's synthesis service: a text at once, or sentence by sentence while it is made."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import grpc

from speechtrt.audio import HIGHEST_RATE, LOWEST_RATE
from speechtrt.runtime.serving.core.ports import Speaker, Utterance
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.speaking import spoken
from speechtrt.runtime.serving.riva.pace import Answers, until_idle
from speechtrt.runtime.serving.riva.recognition import expect_language
from speechtrt.runtime.serving.riva.status import answered, identify
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from speechtrt.runtime.serving.sound.encoding import Encoder, Format, PcmEncoder, open_encoder

RAW = (wire.ENCODING_UNSPECIFIED, wire.LINEAR_PCM)


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Speaks for Riva's clients."""

    service: Service

    async def synthesize(
        self, request: wire.SynthesizeRequest, context: grpc.aio.ServicerContext
    ) -> wire.SynthesizeResponse:
        """All of the sound."""
        async with answered(context):
            key = identify(context, self.service.keyring)
            async with aclosing(self._sound(request, key)) as sound:
                audio = b"".join([data async for data in sound])
        return _response(request, audio)

    async def synthesize_online(
        self, requests: AsyncIterator[wire.SynthesizeRequest], context: grpc.aio.ServicerContext
    ) -> None:
        """Pieces of sound; a client may send one sentence after another."""
        async with answered(context):
            key = identify(context, self.service.keyring)
            answers = Answers(self.service, context)
            async for request in until_idle(requests, self.service.limits.idle_seconds):
                card = self._asked(request)[0].card
                async with aclosing(self._sound(request, key)) as sound:
                    async for data in sound:
                        await answers.send(_response(request, data), card)

    async def config(self, request: wire.ConfigRequest, context: grpc.aio.ServicerContext) -> wire.ConfigResponse:
        """Every voice model."""
        async with answered(context):
            identify(context, self.service.keyring)
        return wire.ConfigResponse(
            model_config=[
                wire.ConfigResponse.Config(model_name=speaker.card.name, parameters=_parameters(speaker))
                for speaker in self.service.catalogue.speakers.values()
                if request.model_name in ("", speaker.card.name)
            ]
        )

    def _sound(self, request: wire.SynthesizeRequest, key: str) -> AsyncGenerator[bytes, None]:
        speaker, utterance = self._asked(request)
        encoder = _encoder(request, speaker.card.rate)
        return spoken(self.service, speaker, utterance, encoder, key)

    def _asked(self, request: wire.SynthesizeRequest) -> tuple[Speaker, Utterance]:
        speaker, name = self.service.catalogue.named_voice(request.voice_name)
        expect_language(request.language_code, speaker.card.languages)
        limit = self.service.limits.text_characters
        if len(request.text) > limit:
            raise Refusal(Reason.INVALID, f"the text has {len(request.text)} characters; expected at most {limit}")
        return speaker, Utterance(request.text, name, _seed(request))


def _seed(request: wire.SynthesizeRequest) -> int:
    text = request.custom_configuration.get("seed", "0")
    if not text.isdecimal() or len(text) > 18:
        raise Refusal(Reason.INVALID, f"the seed is {text[:40]!r}; expected a whole number")
    return int(text)


def _encoder(request: wire.SynthesizeRequest, rate: int) -> Encoder:
    wanted = request.sample_rate_hz or rate
    if not LOWEST_RATE <= wanted <= HIGHEST_RATE:
        raise Refusal(Reason.INVALID, f"a rate of {wanted} Hz was asked for; expected {LOWEST_RATE} to {HIGHEST_RATE}")
    if request.encoding in RAW:
        return PcmEncoder(rate, wanted)
    if request.encoding == wire.OGGOPUS:
        return open_encoder(Format.OPUS, rate)
    name = wire.AudioEncoding.Name(request.encoding)
    raise Refusal(Reason.INVALID, f"{name} was asked for; expected LINEAR_PCM or OGGOPUS")


def _response(request: wire.SynthesizeRequest, audio: bytes) -> wire.SynthesizeResponse:
    return wire.SynthesizeResponse(audio=audio, meta=wire.SynthesizeMetadata(text=request.text), id=request.id)


def _parameters(speaker: Speaker) -> dict[str, str]:
    voices = ",".join(f"{name}:{number}" for number, name in enumerate(speaker.voices))
    return {
        "language_code": speaker.card.languages[0],
        "voice_name": speaker.card.name,
        "subvoices": voices,
        "sample_rate": str(speaker.card.rate),
    }
