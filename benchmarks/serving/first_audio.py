"""The first sound of a speech: from an engine in process, and as a byte over HTTP."""

import asyncio
import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.serving.process import Capacity, ServerProcess
from speechtrt.benchmarks.stream.trial import Spread
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer
from speechtrt.runtime.tts.synthesizer import Synthesizer

TEXTS = (
    "Good morning.",
    "Turn on the kitchen lights at half past seven.",
    "The train to the coast leaves from the second platform today.",
    "Nobody had seen the old lighthouse keeper since the storm of last winter.",
    "Please call the office before noon, and ask for a new appointment.",
)
WARM_UP = "One two three."
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FirstAudioTrial:
    """Seconds until the first sound of each text, one at a time, the two sides in turns."""

    measure: Literal["first_audio"]
    in_process: Spread
    http: Spread
    texts: int
    rounds: int

    @property
    def extra_seconds(self) -> float:
        """What HTTP adds to the median."""
        return self.http.p50 - self.in_process.p50


@dataclass(frozen=True, slots=True)
class Speaking(Closing):
    """The in-process side: an event loop and a synthesizer as the server has them."""

    runner: asyncio.Runner
    synthesizer: AsyncSynthesizer

    def close(self) -> None:
        """Free the engines."""
        self.runner.run(self.synthesizer.close())
        self.runner.close()


@dataclass(frozen=True, slots=True)
class OpenSpeaking:
    """How to start it."""

    engines: Path
    slots: int

    def __call__(self) -> Speaking:
        """Open and warm. Raises BackendError or ManifestError."""
        synthesizer = Synthesizer.open(self.engines, self.slots)
        synthesizer.synthesize(WARM_UP)
        return Speaking(asyncio.Runner(), AsyncSynthesizer(synthesizer))


@dataclass(frozen=True, slots=True)
class FirstChunk:
    """Speak one text; seconds until its first sound."""

    text: str
    seed: int

    def __call__(self, speaking: Speaking) -> float:
        """All of it is spoken."""
        return speaking.runner.run(self._speak(speaking.synthesizer))

    async def _speak(self, synthesizer: AsyncSynthesizer) -> float:
        start, first = time.perf_counter(), 0.0
        async with synthesizer.stream(self.text, None, self.seed) as stream:
            async for _ in stream:
                first = first or time.perf_counter() - start
        return first


def first_audio_trial(engines: Path, slots: int, texts: Sequence[str], rounds: int) -> FirstAudioTrial:
    """Both sides speak every text `rounds` times, with the same seeds. Raises BenchmarkError or BackendError."""
    seconds: dict[str, list[float]] = {"in process": [], "http": []}
    with (
        ServerProcess.start([engines], Capacity(1, slots)) as server,
        Child("in process", OpenSpeaking(engines, slots)) as child,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=SECONDS)
        speak(connection, WARM_UP, 0)
        for seed in range(rounds):
            for text in texts:
                seconds["in process"].append(child.call(FirstChunk(text, seed)))
                seconds["http"].append(speak(connection, text, seed)[0])
        connection.close()
    return FirstAudioTrial(
        "first_audio", Spread.of(seconds["in process"]), Spread.of(seconds["http"]), len(texts), rounds
    )


def speak(connection: http.client.HTTPConnection, text: str, seed: int) -> tuple[float, bytes]:
    """Seconds to the first byte of sound, and all of it as raw samples. Raises BenchmarkError."""
    body = json.dumps({"input": text, "seed": seed, "response_format": "pcm"})
    start = time.perf_counter()
    connection.request("POST", "/v1/audio/speech", body, {"content-type": "application/json"})
    response = connection.getresponse()
    head = response.read1(1)
    first = time.perf_counter() - start
    rest = response.read()
    if response.status != 200:
        raise BenchmarkError(f"the server refused to speak: {(head + rest)[:300]!r}; look at its log")
    return first, head + rest
