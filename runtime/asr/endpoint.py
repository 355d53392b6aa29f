"""Where an utterance ends: rules over trailing blanks and length."""

from dataclasses import dataclass

from speechtrt.runtime.asr.events import Cause


@dataclass(frozen=True, slots=True)
class EndpointRule:
    """Holds after `silence` seconds of blanks in an utterance of at least `length` seconds.

    With `speech` it holds only in an utterance in which something was heard.
    """

    silence: float = 0.0
    length: float = 0.0
    speech: bool = False


# The three rules that Kaldi's online decoders and sherpa-onnx made customary.
RULES = (EndpointRule(silence=2.4), EndpointRule(silence=1.2, speech=True), EndpointRule(length=20.0))


@dataclass(frozen=True, slots=True)
class Endpointing:
    """An utterance ends as soon as any rule holds; without rules it lasts as long as the stream."""

    rules: tuple[EndpointRule, ...] = RULES


@dataclass(slots=True)
class Endpointer:
    """Follows one stream frame by frame."""

    policy: Endpointing
    frame_seconds: float
    _length: int = 0
    _blanks: int = 0
    _speech: bool = False

    def accept(self, blank: bool) -> Cause | None:
        """Count a frame; why the utterance ends with it, or None when it goes on."""
        self._length += 1
        self._blanks = self._blanks + 1 if blank else 0
        self._speech = self._speech or not blank
        for rule in self.policy.rules:
            if self._holds(rule):
                return Cause.SILENCE if rule.silence else Cause.LENGTH
        return None

    def reset(self, speech: bool) -> None:
        """The next frame begins another utterance, of which some `speech` may have been heard already."""
        self._length, self._blanks, self._speech = 0, 0, speech

    def _holds(self, rule: EndpointRule) -> bool:
        return (
            self._blanks * self.frame_seconds >= rule.silence - TOLERANCE
            and self._length * self.frame_seconds >= rule.length - TOLERANCE
            and (self._speech or not rule.speech)
        )


TOLERANCE = 1e-6  # fifteen frames of 0.08 s are 1.2 s
