"""The optimised side: an engine set with continuous batching."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.trial import Single, TtsTrial
from speechtrt.runtime.tts.opening import open_pipeline
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import BULK, INTERACTIVE, ChunkPlan, SpeechRequest


@dataclass(frozen=True, slots=True)
class EngineSide:
    """How to start a side that runs an engine set. `name` names it in the document."""

    name: str
    folder: Path
    slots: int
    threads: int
    seed: int

    def __call__(self) -> "EngineSpeaker":
        """Open the engines. Raises ManifestError, IntegrityError or BackendError."""
        return EngineSpeaker(self, open_pipeline(self.folder, self.slots, self.threads))


@dataclass(slots=True)
class EngineSpeaker:
    """An opened pipeline."""

    side: EngineSide
    pipeline: Pipeline

    def warm_up(self, utterances: Sequence[Utterance]) -> None:
        """Speak a little, unmeasured."""
        self.pipeline.synthesize_many([self._request(u, INTERACTIVE) for u in utterances])

    def speak(self, utterances: tuple[Utterance, ...], alone: tuple[int, ...]) -> TtsTrial:
        """All requests at once in the plan that does the least work, then those `alone` in the interactive plan."""
        clock = self.pipeline.clock
        clock.reset()
        seconds, audio = [0.0] * len(utterances), [0.0] * len(utterances)
        watch = Stopwatch()
        for done in self.pipeline.completions([self._request(u, BULK) for u in utterances]):
            seconds[done.index], audio[done.index] = watch.wall, done.speech.audio.seconds
        elapsed = watch.read()
        stages = {time.stage: time.seconds for time in clock.times()}
        decoder = clock.time("decoder")
        return TtsTrial(
            side=self.side.name,
            wall_seconds=elapsed.wall,
            cpu_seconds=elapsed.cpu,
            foreign_share=elapsed.foreign_share,
            latency_seconds=tuple(seconds),
            audio_seconds=tuple(audio),
            stage_seconds={**stages, "other": elapsed.wall - sum(stages.values())},
            batch_fill=decoder.rows_per_call / self.pipeline.slots,
            decoder_steps=decoder.calls,
            singles=tuple(self._alone(i, utterances[i]) for i in alone),
        )

    def _alone(self, index: int, utterance: Utterance) -> Single:
        watch = Stopwatch()
        [speech] = self.pipeline.synthesize_many([self._request(utterance, INTERACTIVE)])
        return Single(index, watch.wall, speech.first_audio_seconds)

    def _request(self, utterance: Utterance, plan: ChunkPlan) -> SpeechRequest:
        return SpeechRequest(utterance.text, seed=self.side.seed, steps=utterance.steps, plan=plan)
