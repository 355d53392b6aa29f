"""Streams through an exported step against transformers' offline forward of the same audio."""

from collections.abc import Sequence

import torch

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec, ParityRow
from speechtrt.export.families.base import Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.fastconformer_streams import Floats, Slots, Stream, stream_of
from speechtrt.export.parity import JUNK, compare
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_features import feature_extractor
from speechtrt.specs import StageSpec

_SLOTS = 3
_LATE = 2  # steps that one slot waits, so that a batch mixes ages


def stream_parity(model: FastConformerCtc, runner: Runner, stage: StageSpec, chunk: ChunkSpec) -> tuple[ParityRow, ...]:
    """One row: log-probabilities of streams of all kinds of lengths, in dirty slots of different ages."""
    ring = stage.input("k_0").shape[2]
    assert isinstance(ring, int)
    audios = _audios(model, chunk, chunks=max(20, ring // chunk.frames + 4))
    found = _streamed(runner, stage, chunk, [stream_of(audio, model.config) for audio in audios])
    pairs = [(mine, offline(model, audio, chunk.frames - 1)) for mine, audio in zip(found, audios, strict=True)]
    return (compare(stage.name, f"log-probabilities of {len(audios)} streams", pairs),)


def _streamed(runner: Runner, stage: StageSpec, chunk: ChunkSpec, streams: Sequence[Stream]) -> list[Floats]:
    """Log-probabilities of every stream, taken into slots as they come free."""
    waiting = list(streams)
    slots = Slots(stage, chunk, _SLOTS, JUNK)
    step = 0
    while waiting or any(slots.streams):
        for slot, owner in enumerate(slots.streams):
            if owner is None and waiting and (slot > 0 or step >= _LATE):
                slots.admit(slot, waiting.pop(0))
        slots.step(runner)
        step += 1
    return [stream.result() for stream in streams]


@torch.no_grad()
def offline(model: FastConformerCtc, audio: Samples, lookahead: int) -> Floats:
    """Log-probabilities [frames, V + 1] of the whole audio at once, from transformers' own features."""
    extract = feature_extractor(model.config)
    batch = extract(audio, sampling_rate=model.config.sample_rate, return_tensors="pt")
    lengths = batch["attention_mask"].sum(-1)
    log_probs: Floats = model(batch["input_features"], lengths, lookahead)[0].numpy()
    return log_probs[: int(model.output_lengths(lengths)[0])]


def _audios(model: FastConformerCtc, chunk: ChunkSpec, chunks: int) -> list[Samples]:
    """A long one that wraps the ring, then ends at every kind of place, down to a single sample."""
    hop = model.config.hop
    shift = chunk.shift
    ends = (chunks * shift + 5 * hop, 3 * shift, shift + hop, 2 * shift - 3 * hop // 2, 8 * hop, 10 * hop, hop + 9, 1)
    sounds = recordings(model.config.sample_rate, ends[0] / model.config.sample_rate)
    return [sounds[index % len(sounds)][:end] for index, end in enumerate(ends)]
