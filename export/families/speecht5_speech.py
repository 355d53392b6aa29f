"""Several texts spoken at once through the exported encoder and decoder, as a server would run its slots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechtrt.export.families.base import Runners
from speechtrt.specs import StageSpec, StateKind

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Script:
    """What is said: token ids per row, speaker [dim], dropout masks [rows, steps, layers, units].

    Row i starts `delays[i]` steps after the first, so that slots of different ages share a batch. It is spoken in the
    precision of its masks: float32, or float64 by runners that can.
    """

    tokens: Sequence[Sequence[int]]
    speaker: Floats
    dropout: Floats
    delays: Sequence[int]

    @property
    def steps(self) -> int:
        """Decoder steps of every row."""
        return int(self.dropout.shape[1])

    def padded(self) -> dict[str, Array]:
        """Inputs of the encoder: tokens filled up with zeros, their mask, the speaker in every row."""
        rows, longest = len(self.tokens), max(map(len, self.tokens))
        tokens = np.zeros((rows, longest), np.int64)
        for row, ids in enumerate(self.tokens):
            tokens[row, : len(ids)] = ids
        mask = np.arange(longest) < np.array([len(ids) for ids in self.tokens])[:, None]
        return {"tokens": tokens, "text_mask": mask, "speaker": np.tile(self.speaker, (rows, 1))}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Decoder output: `frames` [rows, steps, r, M] before the postnet, `stop` [rows, steps, r]."""

    frames: Floats
    stop: Floats


def draw_dropout(rows: int, steps: int, layers: int, units: int, rate: float, seed: int) -> Floats:
    """Masks of 0 or 1/(1 - rate). Transformers keeps a unit with probability `rate`, and so does this."""
    kept = np.random.default_rng(seed).random((rows, steps, layers, units)) < rate
    return (kept / (1 - rate)).astype(np.float32)


def speak(runners: Runners, decoder: StageSpec, script: Script, junk: float, given: Floats | None = None) -> Spoken:
    """Run every row for `script.steps` steps, each on its own last frame, or on those `given` [rows, steps, r, M].

    Caches hold noise of standard deviation `junk` at first, as a former utterance would leave them.
    """
    rows, steps = len(script.tokens), script.steps
    encoder_inputs = script.padded()
    memory = runners["encoder"](encoder_inputs) | {"text_mask": encoder_inputs["text_mask"]}
    noise = _junk(decoder, rows, steps, junk)
    caches: dict[str, Array] = {name: values.astype(script.dropout.dtype) for name, values in noise.items()}
    frame = np.zeros(decoder.input("frame").resolve({"slots": rows}), script.dropout.dtype)
    frames: list[list[Array]] = [[] for _ in range(rows)]
    stops: list[list[Array]] = [[] for _ in range(rows)]
    for step in range(steps + max(script.delays)):
        position = np.clip(step - np.array(script.delays), 0, steps - 1).astype(np.int64)
        alive = [step >= delay and step < delay + steps for delay in script.delays]
        dropout = script.dropout[np.arange(rows), position]
        outputs = runners["decoder"]({"frame": frame, "position": position, "dropout": dropout, **memory, **caches})
        caches = {name: outputs[f"{name}_out"] for name in caches}
        for row in np.flatnonzero(alive):
            frames[row].append(outputs["frames"][row])
            stops[row].append(outputs["stop"][row])
            frame[row] = (outputs["frames"][row] if given is None else given[row, position[row]])[-1]
    return Spoken(np.array(frames, frame.dtype), np.array(stops, frame.dtype))


def _junk(decoder: StageSpec, rows: int, steps: int, junk: float) -> dict[str, npt.NDArray[np.float64]]:
    generator = np.random.default_rng(1)
    names = [state.input for state in decoder.states if state.kind is StateKind.KV_CACHE]
    shapes = {name: decoder.input(name).resolve({"slots": rows, "max_len": steps}) for name in names}
    return {name: generator.normal(scale=junk, size=shape) for name, shape in shapes.items()}
