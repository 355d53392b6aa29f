"""Streams through an exported step: slots of different ages, as a server would run them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec
from speechtrt.export.families.base import Runner
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.specs import Reset, StageSpec

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


def window_at(audio: Samples, chunk: ChunkSpec, index: int) -> tuple[Floats, int]:
    """The window of chunk `index`, zeros where the stream is not, and how many of its samples exist."""
    start = index * chunk.shift - chunk.lead
    window = np.zeros(chunk.window, np.float32)
    have = audio[max(start, 0) : start + chunk.window]
    window[max(-start, 0) : max(-start, 0) + len(have)] = have
    return window, int(np.clip(len(audio) - start, 0, chunk.window))


@dataclass
class Stream:
    """One utterance of `frames` encoder frames on its way: the next chunk, and the log-probabilities so far."""

    audio: Samples
    frames: int
    chunk: int = 0
    log_probs: list[Floats] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether all frames are out."""
        return sum(map(len, self.log_probs)) >= self.frames

    def result(self) -> Floats:
        """All log-probabilities [frames, V + 1]."""
        return np.concatenate(self.log_probs)


def stream_of(audio: Samples, config: FastConformerCtcConfig) -> Stream:
    """A stream of all of `audio`: every halving of its mel frames makes n // 2 + 1 of n."""
    factor = config.encoder.subsampling_factor
    return Stream(audio, (len(audio) // config.hop + 2 * (factor - 1)) // factor)


class Slots:
    """The state of a batch of slots, at first noise of standard deviation `junk`, as a former stream would leave it."""

    def __init__(self, spec: StageSpec, chunk: ChunkSpec, count: int, junk: float) -> None:
        generator = np.random.default_rng(1)
        self.chunk = chunk
        self.streams: list[Stream | None] = [None] * count
        self._states = spec.states
        self.state: dict[str, Array] = {}
        for state in spec.states:
            tensor = spec.input(state.input)
            shape = tensor.resolve({"slots": count})
            noise = generator.normal(size=shape, scale=junk if state.reset is Reset.NONE else 0.0)
            self.state[state.input] = noise.astype(tensor.dtype.value)

    def admit(self, slot: int, stream: Stream) -> None:
        """Give `slot` to a new stream; only what the spec names is cleared."""
        self.streams[slot] = stream
        for state in self._states:
            if state.reset is Reset.ZERO:
                self.state[state.input][slot] = 0

    def inputs(self) -> dict[str, Array]:
        """The inputs of the next step; a free slot has no samples."""
        windows = [window_at(s.audio, self.chunk, s.chunk) if s else self._nothing() for s in self.streams]
        pcm = np.stack([window for window, _ in windows])
        return {"pcm": pcm, "samples": np.array([count for _, count in windows], np.int64), **self.state}

    def step(self, runner: Runner) -> None:
        """Advance every stream by one chunk; one that ends leaves its slot dirty."""
        outputs = runner(self.inputs())
        self.state = {s.input: outputs[s.output] for s in self._states if s.output}
        for slot, stream in enumerate(self.streams):
            if stream is None:
                continue
            count = int(outputs["frames"][slot])
            stream.log_probs.append(outputs["log_probs"][slot, :count].astype(np.float32))
            stream.chunk += 1
            if stream.ended or count == 0:
                self.streams[slot] = None

    def _nothing(self) -> tuple[Floats, int]:
        return np.zeros(self.chunk.window, np.float32), 0
