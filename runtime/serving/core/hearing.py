"""A whole recording through a stream."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from speechtrt.audio import Audio
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.ports import RECORDING, Heard, Hearer, Listener, Listening
from speechtrt.runtime.serving.core.tracing import stage

PIECE_SECONDS = 1.0


async def transcribe(hearer: Hearer, audio: Audio, metrics: Metrics, listening: Listening = RECORDING) -> Transcript:
    """The words of a recording; cancelling the task frees the stream. Raises AudioError, CapacityError or TextError."""
    async with aclosing(hear_recording(hearer, audio, metrics, listening)) as news:
        *_, last = [heard async for heard in news]
    return Transcript(last.text, last.words, round(audio.seconds, 3), last.alternatives)


async def hear_recording(
    hearer: Hearer, audio: Audio, metrics: Metrics, listening: Listening
) -> AsyncGenerator[Heard, None]:
    """What is heard in `audio`; the last one is final."""
    with stage("hear"):
        start, listener = time.monotonic(), await hearer.listen(listening)
        feeding = asyncio.ensure_future(_feed(listener, audio))
        try:
            async for news in listener.news():
                if isinstance(news, Heard):
                    yield news
            await feeding
            metrics.recorded(hearer.card, audio.seconds, time.monotonic() - start)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await listener.close()


async def _feed(listener: Listener, audio: Audio) -> None:
    step = int(PIECE_SECONDS * audio.rate)
    try:
        for start in range(0, len(audio.samples), step):
            await listener.hear(audio.samples[start : start + step], audio.rate)
            await asyncio.sleep(0)  # a long recording must not hold up live streams
        await listener.end()
    except Exception:
        await listener.close()  # nothing more will be heard, so whoever waits for it must not
        raise
