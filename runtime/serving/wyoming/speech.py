"""Texts of a client on their way to sound."""

import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event

from speechtrt.runtime.serving.core.ports import Speaker, Utterance
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.speaking import spoken
from speechtrt.runtime.serving.sound.encoding import PcmEncoder
from speechtrt.runtime.serving.wyoming.hearing import WIDTH, Send

SENTENCE = re.compile(r".*?[.!?]+(?=\s)", re.DOTALL)


@dataclass(slots=True)
class Speech:
    """What one `synthesize`, or all between `synthesize-start` and `-stop`, becomes: one run of sound.

    `seed` is an extension, the `seed` of the request's context: same seed, same sound.
    """

    service: Service
    speaker: Speaker
    voice: str | None
    seed: int
    key: str
    send: Send
    _text: str = ""
    _characters: int = 0
    _begun: bool = False

    @classmethod
    def of(cls, service: Service, event: Event, key: str, send: Send) -> "Speech":
        """The voice and seed that a request asks for. Raises Refusal."""
        voice, context = event.data.get("voice") or {}, event.data.get("context") or {}
        name = voice.get("name") if isinstance(voice, dict) else voice
        seed = context.get("seed", 0) if isinstance(context, dict) else 0
        if not isinstance(name, str | None) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise Refusal(Reason.INVALID, "the voice's name is no text, or context.seed no whole number from 0 on")
        speaker, found = service.catalogue.named_voice(name)
        return cls(service, speaker, found, seed, key, send)

    async def add(self, event: Event) -> None:
        """More text; sentences that are complete are spoken. Raises Refusal."""
        self._text += self._take(event)
        for sentence in self._sentences():
            await self._speak(sentence)

    async def say(self, event: Event) -> None:
        """A whole text, not cut. Raises Refusal."""
        await self._speak(self._take(event))
        await self._end()

    async def finish(self) -> None:
        """There is no more text. Raises Refusal."""
        if self._text.strip() or not self._begun:
            await self._speak(self._text)
        await self._end()

    def _take(self, event: Event) -> str:
        text, limit = event.data.get("text"), self.service.limits.text_characters
        if not isinstance(text, str):
            raise Refusal(Reason.INVALID, "the event has no text")
        self._characters += len(text)
        if self._characters > limit:
            raise Refusal(Reason.INVALID, f"the text has more than {limit} characters, the limit; send it in parts")
        return text

    def _sentences(self) -> Iterator[str]:
        while match := SENTENCE.match(self._text):
            self._text = self._text[match.end() :].lstrip()
            yield match.group().strip()

    async def _speak(self, text: str) -> None:
        rate = self.speaker.card.rate
        utterance = Utterance(text, self.voice, self.seed)
        sound = spoken(self.service, self.speaker, utterance, PcmEncoder(rate, rate), self.key)
        async with aclosing(sound) as pieces:
            async for data in pieces:
                if not self._begun:
                    self._begun = True
                    await self.send(AudioStart(rate, WIDTH, 1).event())
                await self.send(AudioChunk(rate, WIDTH, 1, data).event())

    async def _end(self) -> None:
        if self._begun:
            await self.send(AudioStop().event())
