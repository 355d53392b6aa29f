"""Who does the work beside the decoder's steps: the caller's own thread, or a thread for each stage."""

from dataclasses import dataclass

from speechtrt.runtime.tts.hand import Hand, Helper, Inline

STRIDE = 4


@dataclass(frozen=True, slots=True)
class Crew:
    """One who encodes and one who makes sound.

    `ahead` sentences are encoded before there is a slot for them; `passes` pieces of sound are handed over at once,
    while the rest waits for its turn by urgency. The decoder makes up to `stride` short steps before anybody looks
    around, unless somebody calls.
    """

    encoder: Hand
    vocoder: Hand
    ahead: int
    passes: int
    stride: int = 1

    @classmethod
    def alone(cls) -> "Crew":
        """Everything happens within a step, in order."""
        return cls(Inline(), Inline(), ahead=0, passes=1)

    @classmethod
    def threads(cls) -> "Crew":
        """Stages overlap."""
        return cls(Helper("speechtrt-tts-encoder"), Helper("speechtrt-tts-vocoder"), ahead=4, passes=2, stride=STRIDE)

    def close(self) -> None:
        """Wait for the work at hand and drop the rest."""
        for hand in (self.encoder, self.vocoder):
            hand.close()
