"""A synthesizer as a speaker."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from speechtrt.audio import Samples
from speechtrt.runtime.serving.core.ports import Gauges, ModelCard, Utterance
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer


@dataclass(frozen=True, slots=True)
class SynthesizerSpeaker:
    """Speaks through the batch that all requests share."""

    card: ModelCard
    synthesizer: AsyncSynthesizer

    @property
    def voices(self) -> Sequence[str]:
        """Names of its voices, the default first."""
        return self.synthesizer.synthesizer.voices.names

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Samples, None]:
        """Pieces of sound as they are made; closing the generator cancels. Raises TextError or CapacityError."""
        async with self.synthesizer.stream(utterance.text, utterance.voice, utterance.seed) as stream:
            async for chunk in stream:
                yield chunk.samples

    def gauges(self) -> Gauges:
        """How busy it is; a batch is a step of the decoder."""
        synthesizer = self.synthesizer.synthesizer
        steps, slots = synthesizer.clock.time("decoder"), synthesizer.slots
        requests, stages = synthesizer.requests, synthesizer.clock.times()  # read once: requests end meanwhile
        return Gauges(
            min(requests, slots),
            max(0, requests - slots),
            steps.calls,
            steps.rows,
            steps.calls * slots,
            stages,
            tripped=synthesizer.guard is not None and synthesizer.guard.tripped,
            guarded=synthesizer.guard.totals if synthesizer.guard else {},
        )
