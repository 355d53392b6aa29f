"""The optimised sides: an engine set behind a synthesizer."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.benchmarks.tts.arrival import Closed, Open, Static
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.meter import Meter
from speechtrt.benchmarks.tts.playback import Chunk, play
from speechtrt.benchmarks.tts.trial import Round, Served, TtsTrial
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer
from speechtrt.runtime.tts.opening import open_overlapped, open_pipeline
from speechtrt.runtime.tts.speech import BULK, INTERACTIVE, SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer

QUEUE = 1_000  # no request of a benchmark is turned away


@dataclass(frozen=True, slots=True)
class EngineSide:
    """How to start a side that runs an engine set; `name` names it in the document."""

    name: str
    folder: Path
    slots: int
    threads: int
    seed: int
    overlap: bool

    def __call__(self) -> "EngineSpeaker":
        """Open the engines. Raises ManifestError, IntegrityError or BackendError."""
        opening = open_overlapped if self.overlap else open_pipeline
        pipeline = opening(self.folder, self.slots, self.threads)
        return EngineSpeaker(self, AsyncSynthesizer(Synthesizer.over(pipeline, QUEUE)))


@dataclass(frozen=True, slots=True)
class EngineSpeaker:
    """An opened synthesizer."""

    side: EngineSide
    synthesizer: AsyncSynthesizer

    def warm_up(self, utterances: Sequence[Utterance]) -> None:
        """Speak a little, unmeasured."""
        self.speak(Round("warm-up", tuple(utterances), Open((0.0,) * len(utterances)), interactive=True))

    def speak(self, work: Round) -> TtsTrial:
        """One trial."""
        return asyncio.run(self._speak(work))

    async def _speak(self, work: Round) -> TtsTrial:
        run = _Run(self.synthesizer, work, self.side.seed)
        requests = await run.all()
        window = run.meter.stop()
        stages, wall = window.stage_seconds, window.elapsed.wall
        return TtsTrial(
            scenario=work.scenario,
            side=self.side.name,
            wall_seconds=wall,
            cpu_seconds=window.elapsed.cpu,
            foreign_share=window.elapsed.foreign_share,
            stage_seconds={**stages, "other": max(0.0, wall - sum(stages.values()))},
            batch_fill=window.rows_per_step / self.side.slots,
            decoder_steps=window.steps,
            scheduler_own_seconds=window.scheduler_own_seconds,
            requests=tuple(sorted(requests, key=lambda r: r.arrival_seconds)),
        )


@dataclass(slots=True)
class _Run:
    """One round in work."""

    synthesizer: AsyncSynthesizer
    work: Round
    seed: int
    meter: Meter = field(init=False)
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self.meter = Meter(self.synthesizer.synthesizer.clock)
        self._start = time.perf_counter()

    @property
    def _now(self) -> float:
        return time.perf_counter() - self._start

    async def all(self) -> list[Served]:
        """Serve every request that counts."""
        arrival = self.work.arrival
        if isinstance(arrival, Open):
            return await asyncio.gather(*(self._at(i, t) for i, t in enumerate(arrival.times)))
        if isinstance(arrival, Static):
            return await self._in_batches(arrival)
        return await self._by_users(arrival)

    async def _at(self, index: int, seconds: float) -> Served:
        await asyncio.sleep(seconds - self._now)
        return await self._serve(index, seconds)

    async def _in_batches(self, arrival: Static) -> list[Served]:
        served: list[Served] = []
        count = len(self.work.utterances)
        for first in range(0, count, arrival.size):
            batch = range(first, min(first + arrival.size, count))
            longest = max(self.work.utterances[i].steps or 0 for i in batch)
            await asyncio.gather(*(self._serve(i, 0.0, longest) for i in batch))
            done = self._now
            served += [_as_batched(i, done, self._own_seconds(i)) for i in batch]
        return served

    async def _by_users(self, arrival: Closed) -> list[Served]:
        waiting = iter(range(len(self.work.utterances)))
        steady: list[Served] = []
        warm = arrival.users == 1
        asked = asyncio.Event()

        async def user() -> None:
            nonlocal warm
            for index in waiting:
                served = await self._serve(index, self._now)
                if asked.is_set():
                    continue
                if warm:
                    steady.append(served)
                else:
                    self.meter.restart()
                    warm = True
            if arrival.users > 1:
                self.meter.stop()
                asked.set()

        await asyncio.gather(*(user() for _ in range(arrival.users)))
        return steady

    async def _serve(self, index: int, arrived: float, steps: int | None = None) -> Served:
        utterance = self.work.utterances[index]
        plan = INTERACTIVE if self.work.interactive else BULK
        request = SpeechRequest(utterance.text, seed=self.seed, steps=steps or utterance.steps, plan=plan)
        rate = self.synthesizer.synthesizer.rate
        chunks = []
        async with self.synthesizer.start(request) as stream:
            async for chunk in stream:
                chunks.append(Chunk(self._now - arrived, len(chunk.samples) / rate))
        heard = play(chunks)
        return Served(
            utterance=index,
            arrival_seconds=arrived,
            latency_seconds=self._now - arrived,
            audio_seconds=sum(c.audio_seconds for c in chunks),
            first_audio_seconds=heard.first_audio_seconds,
            longest_gap_seconds=heard.longest_gap_seconds,
            underrun_seconds=heard.underrun_seconds,
        )

    def _own_seconds(self, index: int) -> float:
        """Audio without the padding of a static batch."""
        model = self.synthesizer.synthesizer.model
        assert model.tts is not None
        frames = (self.work.utterances[index].steps or 0) * model.tts.reduction
        return frames * model.audio.hop / model.audio.sample_rate


def _as_batched(index: int, latency: float, audio: float) -> Served:
    return Served(index, 0.0, latency, audio, latency)
