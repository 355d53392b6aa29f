"""Streaming speech recognition: the cache-aware FastConformer encoder with a CTC head."""

from pathlib import Path

from speechtrt.bundle import AudioSpec, CtcSpec, Limits, ParityRow, Task, TextSpec
from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint
from speechtrt.export.families.base import Description, Model, Recordings, Runners, StageGraph
from speechtrt.export.families.fastconformer_calibration import record_streams
from speechtrt.export.families.fastconformer_parity import stream_parity
from speechtrt.export.families.fastconformer_stages import chunk_spec, frame_milliseconds, step_stage
from speechtrt.export.families.fastconformer_step import past_frames
from speechtrt.export.families.pretrained import load_pretrained
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.tokenizer import TOKENIZER_FILE, PieceTokenizer, load_tokenizer


class FastConformerModel:
    """A loaded checkpoint with its tokenizer."""

    def __init__(self, model: FastConformerCtc, tokenizer: PieceTokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer
        frames = [lookahead + 1 for lookahead in model.config.lookaheads]
        self._chunks = tuple(chunk_spec(model.config, count) for count in frames)
        self._stages = tuple(step_stage(model, count) for count in frames)

    def describe(self) -> Description:
        """Constants of features, chunks and decoding."""
        config = self.model.config
        unknown = self.tokenizer.processor.unk_id()
        lower = not any(piece.isupper() for piece in self.tokenizer.pieces)
        return Description(
            audio=AudioSpec(config.sample_rate, config.hop, config.n_mels),
            text=TextSpec(TOKENIZER_FILE, tuple(getattr(config, "languages", None) or ("en",)), lower, None, unknown),
            limits=Limits(0, 0),
            ctc=CtcSpec(config.blank, frame_milliseconds(config) / 1000, self._chunks),
        )

    def stages(self) -> tuple[StageGraph, ...]:
        """One step per chunk size."""
        return self._stages

    def parity(self, runners: Runners) -> tuple[ParityRow, ...]:
        """Every chunk size against the offline forward."""
        pairs = zip(self._stages, self._chunks, strict=True)
        return tuple(
            row for graph, chunk in pairs for row in stream_parity(self.model, runners[chunk.stage], graph.spec, chunk)
        )

    def calibration(self, runners: Runners) -> Recordings:
        """Every chunk size's inputs while it listens to speech."""
        pairs = zip(self._stages, self._chunks, strict=True)
        return {c.stage: record_streams(runners[c.stage], graph.spec, c, self.model.config) for graph, c in pairs}

    def write_assets(self, folder: Path) -> None:
        """The tokenizer."""
        self.tokenizer.save(folder)


class FastConformer:
    """The family."""

    name = "fastconformer_ctc"
    task = Task.CTC
    architecture = "FastConformerCtc"
    model_type = "fastconformer_ctc"

    def load(self, checkpoint: Checkpoint) -> Model:
        """Load model and tokenizer. Raises CheckpointError."""
        model = load_pretrained(FastConformerCtc, checkpoint.folder)
        past = past_frames(model)
        for lookahead in model.config.lookaheads:
            if past % (lookahead + 1):
                raise CheckpointError(
                    f"{checkpoint.id}: has a chunk of {lookahead + 1} frames, which does not divide its left context "
                    f"of {past}; streaming would not equal offline"
                )
        tokenizer = load_tokenizer(checkpoint.folder)
        if tokenizer.size != model.config.vocab_size:
            raise CheckpointError(
                f"{checkpoint.id}: has a tokenizer of {tokenizer.size} pieces, its model {model.config.vocab_size}; "
                "take the tokenizer that the model was trained with"
            )
        return FastConformerModel(model, tokenizer)
