"""One stream of speech, apart from the engine: audio in, windows out; log-probabilities in, words out."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec, CtcSpec
from speechtrt.errors import AudioError
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder, LogProbs, words
from speechtrt.runtime.asr.resampler import Resampler
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.asr.windows import Window, WindowCutter


class SessionState(Enum):
    """OPEN takes audio, FLUSHED only gives results, CLOSED does neither."""

    OPEN = "open"
    FLUSHED = "flushed"
    CLOSED = "closed"


@dataclass(slots=True)
class Session:
    """The audio and the words of one stream. `pieces` are the labels' texts, `rate` and `hop` are the model's."""

    chunk: ChunkSpec
    ctc: CtcSpec
    pieces: tuple[str, ...]
    rate: int
    hop: int
    state: SessionState = SessionState.OPEN
    _resampler: Resampler = field(init=False)
    _cutter: WindowCutter = field(init=False)
    _decoder: GreedyDecoder = field(init=False)
    _heard: int = 0  # samples at the rate they came with
    _rate: int = 1

    def __post_init__(self) -> None:
        self._resampler = Resampler(self.rate)
        self._cutter = WindowCutter(self.chunk, self.hop)
        self._decoder = GreedyDecoder(self.ctc.blank)

    @property
    def ready(self) -> bool:
        """Whether the engine has a window to work on."""
        return self.state is not SessionState.CLOSED and self._cutter.ready

    @property
    def transcript(self) -> Transcript:
        """What has been heard so far; final after `flush` when nothing is `ready`."""
        seconds = round(self._heard / self._rate, 3)
        heard = words(self._decoder.tokens, self.pieces, self.ctc.frame_seconds, seconds)
        return Transcript(" ".join(w.word for w in heard), heard, seconds)

    def accept(self, pcm: Samples, rate: int) -> None:
        """Append mono samples [n] in [-1, 1] at `rate` Hz. Raises AudioError."""
        self._expect(SessionState.OPEN)
        if pcm.ndim != 1 or not np.issubdtype(pcm.dtype, np.floating):
            raise AudioError(f"found samples of {pcm.dtype} {pcm.shape}; expected mono float samples [n] in [-1, 1]")
        if not np.isfinite(pcm).all():
            raise AudioError("found NaN or infinite samples; expected finite values")
        self._cutter.push(self._resampler.push(pcm.astype(np.float32, copy=False), rate))
        self._heard, self._rate = self._heard + len(pcm), rate

    def flush(self) -> None:
        """The audio ends here. Raises AudioError when it has ended before."""
        self._expect(SessionState.OPEN)
        self._cutter.push(self._resampler.end())
        self._cutter.end()
        self.state = SessionState.FLUSHED

    def close(self) -> None:
        """Take nothing more; it may be closed twice."""
        self.state = SessionState.CLOSED

    def take(self) -> Window:
        """The next window for the engine; it must be `ready`."""
        return self._cutter.take()

    def receive(self, log_probs: LogProbs) -> None:
        """The engine's answer [frames, labels] to the oldest window taken."""
        self._decoder.accept(log_probs)

    def _expect(self, state: SessionState) -> None:
        if self.state is not state:
            raise AudioError(f"the stream is {self.state.value}; expected an {state.value} one, so start another")
