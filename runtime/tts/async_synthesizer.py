"""Text to speech for asyncio: any number of requests, and no thread for any of them."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from speechtrt.runtime.tts.async_stream import AsyncSpeechStream
from speechtrt.runtime.tts.speech import INTERACTIVE, Speech, SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer


@dataclass(frozen=True, slots=True)
class AsyncSynthesizer:
    """The methods of `synthesizer`, which it owns, as coroutines; they raise the same errors."""

    synthesizer: Synthesizer

    async def synthesize(
        self,
        text: str,
        voice: str | None = None,
        seed: int = 0,
        language: str | None = None,
        deadline_seconds: float | None = None,
    ) -> Speech:
        """Speak a text and wait for all of it; cancelling the task gives it up."""
        async with self.stream(text, voice, seed, language, deadline_seconds) as stream:
            return await stream.result()

    def stream(
        self,
        text: str,
        voice: str | None = None,
        seed: int = 0,
        language: str | None = None,
        deadline_seconds: float | None = None,
    ) -> AsyncSpeechStream:
        """Speak a text and hear each chunk as soon as it exists; the same sound as from `synthesize`."""
        return self.start(
            SpeechRequest(text, voice, seed, plan=INTERACTIVE, language=language, deadline_seconds=deadline_seconds)
        )

    def start(self, request: SpeechRequest) -> AsyncSpeechStream:
        """A stream that queues its request when it is entered or first asked for a chunk."""
        return self.synthesizer.start_async(request)

    async def drain(self, seconds: float | None = None) -> bool:
        """Take no more requests and wait for those in work, at most `seconds`; whether all are finished."""
        return await asyncio.to_thread(self.synthesizer.drain, seconds)

    async def close(self) -> None:
        """Give up what is in work and free the engines. It may be closed twice."""
        await asyncio.to_thread(self.synthesizer.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
