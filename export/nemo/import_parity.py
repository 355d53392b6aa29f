"""What was put before an imported file against the file itself, fed with the library's own features."""

import numpy as np

from speechtrt.bundle import ChunkSpec, ParityRow
from speechtrt.export.families.base import Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.fastconformer_streams import Slots, stream_of
from speechtrt.export.nemo.front_end import lead_frames
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.parity import log_mel
from speechtrt.export.nemo.streams import Floats, stream_features
from speechtrt.export.parity import compare
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.specs import StageSpec

_CHUNKS = (9, 4, 2)  # lengths of the streams
_TOLERANCE = 1e-3  # nothing tames the rounding errors of quiet bins: these models take raw log-mel features


def import_parity(
    plain: Runner,
    border: StageSpec,
    runner: Runner,
    stage: StageSpec,
    chunk: ChunkSpec,
    metadata: NemoMetadata,
    config: FastConformerCtcConfig,
) -> ParityRow:
    """Log-probabilities of whole chunks; behind a stream's end the two hear different padding."""
    seconds = (max(_CHUNKS) + 1) * chunk.shift / config.sample_rate
    sounds = recordings(config.sample_rate, seconds)
    audios = [sound[: count * chunk.shift] for sound, count in zip(sounds, _CHUNKS, strict=False)]
    found = _streamed(runner, stage, chunk, audios, config)
    silence = np.zeros(lead_frames(metadata) * config.hop, np.float32)
    features = [log_mel(config, np.concatenate([silence, audio])) for audio in audios]
    expected = stream_features(plain, border, metadata, features, 0.0)
    pairs = [_common(mine, theirs, metadata) for mine, theirs in zip(found, expected, strict=True)]
    return compare(stage.name, "log-probabilities of the imported file", pairs, _TOLERANCE)


def _streamed(
    runner: Runner, stage: StageSpec, chunk: ChunkSpec, audios: list[Floats], config: FastConformerCtcConfig
) -> list[Floats]:
    slots = Slots(stage, chunk, len(audios), junk=0.0)
    streams = [stream_of(audio, config) for audio in audios]
    for slot, stream in enumerate(streams):
        slots.admit(slot, stream)
    while any(slots.streams):
        slots.step(runner)
    return [stream.result() for stream in streams]


def _common(mine: Floats, theirs: Floats, metadata: NemoMetadata) -> tuple[Floats, Floats]:
    """The chunks that lie wholly within the stream."""
    whole = (min(len(mine), len(theirs)) // metadata.frames - 1) * metadata.frames
    return mine[:whole], theirs[:whole]
