"""A recording on its way through a stream."""

from dataclasses import dataclass

from speechtrt.runtime.asr.events import Final
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Recording:
    """A stream that got all of its audio and has ended."""

    stream: Stream

    def transcript(self) -> Transcript:
        """What was said, once the stream is over. Raises the error that ended it."""
        finals = [event for event in self.stream if isinstance(event, Final)]
        words = tuple(word for final in finals for word in final.words)
        alternatives = finals[0].alternatives if len(finals) == 1 else ()
        return Transcript(" ".join(word.word for word in words), words, self.stream.intake.seconds, alternatives)
