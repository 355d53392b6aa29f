"""Inputs of every SpeechT5 stage, recorded while sentences are spoken."""

from collections.abc import Callable, Sequence

import numpy as np

from speechtrt.export.calibration import BUDGET, Recorder, evenly, rows_within
from speechtrt.export.families.base import Arrays, Recordings, Runners
from speechtrt.export.families.speecht5_speech import Script, Spoken, speak
from speechtrt.export.sentences import SENTENCES
from speechtrt.specs import StageSpec

_STEPS = 80
_SAMPLES = 16  # of the decoder
_ROWS = 4
_DELAY = 6  # steps between the starts of two rows, so that a batch mixes positions
_ENCODER_TEXTS = 8
_WINDOWS = 8
_WINDOW = 80  # frames
_ALIGNMENT = 8

ScriptOf = Callable[[tuple[str, ...], int, tuple[int, ...]], Script]


def record_speech(runners: Runners, stages: Sequence[StageSpec], script_of: ScriptOf) -> Recordings:
    """Samples of encoder, decoder, postnet and vocoder."""
    encoder, decoder, postnet, vocoder = stages
    rows = rows_within(BUDGET, _SAMPLES, _row_bytes(decoder), _ROWS)
    recorder = Recorder(runners[decoder.name], evenly(_STEPS + _DELAY * (rows - 1), _SAMPLES))
    script = script_of(SENTENCES[:rows], _STEPS, tuple(_DELAY * row for row in range(rows)))
    spoken = speak({**runners, decoder.name: recorder}, decoder, script, junk=0.0)
    windows = _windows(spoken)
    mels = [runners[postnet.name]({"frames": window})["mel"] for window in windows]
    return {
        encoder.name: _encoder_inputs(script_of),
        decoder.name: [_trimmed(sample) for sample in recorder.samples],
        postnet.name: [{"frames": window} for window in windows],
        vocoder.name: [{"mel": mel} for mel in mels],
    }


def _row_bytes(decoder: StageSpec) -> int:
    """Bytes of one slot's state when half of the steps are done, with a text of as many tokens."""
    dims = {"slots": 1, "max_len": _STEPS // 2, "text_len": _STEPS // 2}
    return 4 * sum(int(np.prod(decoder.input(state.input).resolve(dims))) for state in decoder.states)


def _encoder_inputs(script_of: ScriptOf) -> list[Arrays]:
    """Texts one by one: what a runtime mostly sends."""
    return [script_of((text,), 1, (0,)).padded() for text in SENTENCES[:_ENCODER_TEXTS]]


def _trimmed(sample: Arrays) -> Arrays:
    """Caches cut after the last position that was written, to a multiple of eight."""
    longest = int(sample["position"].max()) + 1
    kept = -(-longest // _ALIGNMENT) * _ALIGNMENT
    return {name: array[:, :, :kept] if name.startswith("self_") else array for name, array in sample.items()}


def _windows(spoken: Spoken) -> list[np.ndarray]:
    """Stretches of decoder frames [1, window, M] from all rows, spread over the utterances."""
    rows, steps, reduction, mels = spoken.frames.shape
    frames = spoken.frames.reshape(rows, steps * reduction, mels)
    starts = evenly(frames.shape[1] - _WINDOW + 1, -(-_WINDOWS // rows))
    return [frames[row : row + 1, start : start + _WINDOW] for start in starts for row in range(rows)][:_WINDOWS]
