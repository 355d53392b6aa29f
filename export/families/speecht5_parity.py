"""Exported SpeechT5 stages against transformers: free-running speech, and vocoding in chunks."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

from speechtrt.bundle import ParityRow
from speechtrt.export.families.base import Runner, Runners, StageGraph
from speechtrt.export.families.exact_runner import ExactRunner
from speechtrt.export.families.heads import split_heads
from speechtrt.export.families.speecht5_reference import exact, exact_speech, reference_memory, reference_speech
from speechtrt.export.families.speecht5_speech import Array, Floats, Script, Spoken, speak
from speechtrt.export.parity import JUNK, TOLERANCE, compare
from speechtrt.specs import StageSpec

_AMPLIFIED = 30  # times transformers' own rounding error
_CHUNK = 20  # frames of a chunk in the streamed comparison


def speech_parity(
    model: SpeechT5ForTextToSpeech, runners: Runners, stages: Sequence[StageGraph], script: Script
) -> tuple[tuple[ParityRow, ...], Spoken]:
    """Rows for encoder and decoder, and what was spoken.

    Every float32 step is compared on transformers' frames. Free-running speech feeds rounding errors back to itself, so
    it is held to the tolerance in float64, where only a wrong module differs; the exported float32 graph is held to a
    multiple of what transformers' own float32 differs from its float64.
    """
    decoder = next(stage.spec for stage in stages if stage.spec.name == "decoder")
    expected, truth = reference_speech(model, script), exact_speech(model, script)
    forced = speak(runners, decoder, script, JUNK, expected.frames)
    found = speak(runners, decoder, script, JUNK)
    modules = {stage.spec.name: ExactRunner.of(stage) for stage in stages}
    free = speak(modules, decoder, exact(script), JUNK)
    own = max(TOLERANCE, _AMPLIFIED * float(np.abs(expected.frames - truth.frames).max()))
    running = f"{script.steps} free-running steps"
    rows = (
        _memory_parity(model, runners, script),
        compare("decoder", f"frames, {script.steps} steps", [(forced.frames, expected.frames)]),
        compare("decoder", f"stop, {script.steps} steps", [(forced.stop, expected.stop)]),
        compare("decoder", f"frames, {running}, float64", [(free.frames, truth.frames)]),
        compare("decoder", f"frames, {running}", [(found.frames, expected.frames)], own),
    )
    return rows, found


def _memory_parity(model: SpeechT5ForTextToSpeech, runners: Runners, script: Script) -> ParityRow:
    """Cross K/V at the positions that hold text; what lies beyond is masked and may differ."""
    found = runners["encoder"](script.padded())
    hidden, mask = reference_memory(model, script)
    decoder: Any = model.speecht5.decoder
    pairs = []
    for index, layer in enumerate(decoder.wrapped_decoder.layers):
        for part, project in (("k", layer.encoder_attn.k_proj), ("v", layer.encoder_attn.v_proj)):
            with torch.no_grad():
                states = split_heads(project(hidden), layer.encoder_attn.num_heads)
            pairs.append((_spoken(found[f"cross_{part}_{index}"], mask.numpy()), _spoken(states.numpy(), mask.numpy())))
    return compare("encoder", "cross-attention keys and values", pairs)


def _spoken(states: Array, mask: Array) -> Array:
    """Values [n, heads, dim] of [rows, heads, text, dim] where `mask` [rows, text] holds."""
    kept: Array = states.transpose(0, 2, 1, 3)[mask.astype(bool)]
    return kept


def vocoding_parity(
    model: SpeechT5ForTextToSpeech,
    vocoder: SpeechT5HifiGan,
    runners: Runners,
    stages: Sequence[StageSpec],
    spoken: Spoken,
) -> tuple[ParityRow, ...]:
    """Rows for postnet and vocoder: whole against transformers, chunks with context against whole."""
    rows, steps, reduction, mels = spoken.frames.shape
    frames = spoken.frames.reshape(rows, steps * reduction, mels)
    with torch.no_grad():
        mel = model.speech_decoder_postnet.postnet(torch.from_numpy(frames)).numpy()
        pcm = vocoder(torch.from_numpy(mel)).numpy()
    postnet, vocode = stages
    return tuple(
        chain(
            _whole_and_chunked(runners[postnet.name], postnet, frames, mel),
            _whole_and_chunked(runners[vocode.name], vocode, mel, pcm),
        )
    )


def _whole_and_chunked(runner: Runner, spec: StageSpec, inputs: Floats, expected: Floats) -> tuple[ParityRow, ...]:
    name, output = spec.inputs[0].name, spec.outputs[0].name
    whole = runner({name: inputs})[output]
    rate = expected.shape[1] // inputs.shape[1]  # outputs per frame
    pieces = []
    for start in range(0, inputs.shape[1], _CHUNK):
        first, last = max(0, start - spec.context), start + _CHUNK + spec.context
        piece = runner({name: inputs[:, first:last]})[output]
        pieces.append(piece[:, (start - first) * rate :][:, : _CHUNK * rate])
    return (
        compare(spec.name, f"{output}, whole", [(whole, expected)]),
        compare(
            spec.name, f"{output}, chunks with {spec.context} frames of context", [(np.concatenate(pieces, 1), whole)]
        ),
    )
