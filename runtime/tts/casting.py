"""A request becomes a job: its text in sentences, its voice, its randomness, and when each sentence is due."""

from dataclasses import dataclass

from speechtrt.bundle import Bundle, TtsSpec
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.speech import SpeechRequest
from speechtrt.runtime.tts.text import FrontEnd
from speechtrt.runtime.tts.utterance import StepLimits, Utterance
from speechtrt.runtime.tts.voices import Voices
from speechtrt.runtime.tts.voicing import Voicing

SHORT_TEXT = 12  # a text of fewer characters does not wait for company
SECONDS_PER_TOKEN = 0.04  # less than any speaker needs, so no sentence is due too late


@dataclass(frozen=True, slots=True)
class Casting:
    """What all requests to one model share. For any thread."""

    model: Bundle
    spec: TtsSpec
    front_end: FrontEnd
    voices: Voices

    def job(self, index: int, request: SpeechRequest, now: float) -> Job:
        """Job number `index`, submitted `now`. Raises TextError."""
        script = self.front_end.prepare(request.text, request.language)
        speaker = self.voices.get(request.voice)
        due, sentences = now, []
        for part, sentence in enumerate(script.sentences):
            utterance = self._utterance(request, part, sentence.tokens, speaker)
            sentences.append(Voicing(utterance, request.plan, index, due, sentence.pause))
            due += len(sentence.tokens) * SECONDS_PER_TOKEN
        return Job(
            index=index,
            sentences=tuple(sentences),
            warnings=script.warnings,
            rate=self.model.audio.sample_rate,
            submitted=now,
            deadline=None if request.deadline_seconds is None else now + request.deadline_seconds,
            urgent=len(request.text) < SHORT_TEXT,
        )

    def _utterance(self, request: SpeechRequest, part: int, tokens: Array, speaker: Array) -> Utterance:
        spec, limits = self.spec, self.model.limits
        bounds = (
            StepLimits.of(len(tokens), spec, limits)
            if request.steps is None
            else StepLimits.fixed(request.steps, spec, limits)
        )
        masks = DropoutMasks.seeded(request.seed, part, spec.dropout)
        milestones = request.plan.milestones(self._lookahead)
        return Utterance(tokens, speaker, bounds, masks, spec.stop_threshold, spec.reduction, milestones)

    @property
    def _lookahead(self) -> int:
        """Frames after a chunk that must exist before it can be voiced."""
        return self.model.stage("postnet").context + self.model.stage("vocoder").context
