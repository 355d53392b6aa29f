"""An utterance on its way to a client, with its latency, gaps and real-time factor counted."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from speechtrt.audio import Samples
from speechtrt.runtime.serving.core.metrics import Metrics, labels
from speechtrt.runtime.serving.core.ports import Speaker, Utterance
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.tracing import stage
from speechtrt.runtime.serving.sound.encoding import Encoder


async def spoken(
    service: Service, speaker: Speaker, utterance: Utterance, encoder: Encoder, key: str
) -> AsyncGenerator[bytes, None]:
    """The encoded utterance as it is made, in a place of its own. Raises Refusal when none is free."""
    with service.admitted(speaker, key) as version:
        async with aclosing(observed(version, utterance, service.metrics)) as pieces:
            async for samples in pieces:
                if data := encoder.encode(samples):
                    yield data
        if data := encoder.end():
            yield data


async def observed(speaker: Speaker, utterance: Utterance, metrics: Metrics) -> AsyncGenerator[Samples, None]:
    """The pieces of sound as the speaker gives them."""
    of, start = labels(speaker.card), time.monotonic()
    last, seconds, waited = start, 0.0, 0.0
    with stage("speak"):
        async with aclosing(speaker.speak(utterance)) as pieces:
            async for samples in pieces:
                now = time.monotonic()
                if not seconds:
                    metrics.first_sound(speaker.card, now - start)
                    playback = now
                else:
                    metrics.chunk_interval.labels(*of).observe(now - last)
                    if now > playback + seconds:
                        metrics.underruns.labels(*of).inc()
                waited += now - last
                seconds += len(samples) / speaker.card.rate
                yield samples
                last = time.monotonic()
    if seconds:
        metrics.real_time_factor.labels(*of).observe(waited / seconds)
        metrics.audio.labels(*of, "out").inc(seconds)
