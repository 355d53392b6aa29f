"""Sentence pieces: text to CTC labels and back, kept as `tokenizer.model` beside a checkpoint."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from speechtrt.artifact import write_bytes
from speechtrt.errors import CheckpointError, DataError

TOKENIZER_FILE = "tokenizer.model"


@dataclass(frozen=True, slots=True)
class PieceTokenizer:
    """BPE pieces with ids 0..size-1."""

    processor: sentencepiece.SentencePieceProcessor

    @property
    def size(self) -> int:
        """Number of pieces, without the CTC blank."""
        return int(self.processor.vocab_size())

    @property
    def pieces(self) -> tuple[str, ...]:
        """The pieces in id order; a leading U+2581 marks the start of a word."""
        return tuple(self.processor.id_to_piece(index) for index in range(self.size))

    def encode(self, text: str) -> list[int]:
        """Piece ids of `text`."""
        return list(self.processor.encode(text))

    def decode(self, ids: Sequence[int]) -> str:
        """Text of piece ids."""
        return str(self.processor.decode(list(ids)))

    def save(self, folder: Path) -> None:
        """Write `tokenizer.model` into `folder`."""
        write_bytes(folder / TOKENIZER_FILE, self.processor.serialized_model_proto())


def load_tokenizer(source: Path | str) -> PieceTokenizer:
    """The tokenizer of a checkpoint folder or Hugging Face id. Raises CheckpointError."""
    path = Path(source) / TOKENIZER_FILE if Path(source).is_dir() else _fetch(str(source))
    if not path.is_file():
        raise CheckpointError(f"{path}: is missing; expected the sentencepiece model of a CTC checkpoint")
    try:
        return PieceTokenizer(sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes()))
    except RuntimeError as error:
        raise CheckpointError(f"{path}: is not a sentencepiece model ({error}); copy the checkpoint again") from error


def _fetch(identifier: str) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(identifier, TOKENIZER_FILE))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{identifier}: is neither a folder nor a Hugging Face id with a {TOKENIZER_FILE} ({type(error).__name__})"
        ) from error


def train_tokenizer(texts: Iterable[str], size: int) -> PieceTokenizer:
    """BPE of `size` pieces trained on `texts`. Raises DataError when the texts cannot fill so many pieces."""
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=model,
            model_type="bpe",
            vocab_size=size,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            character_coverage=1.0,
            normalization_rule_name="identity",
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise DataError(f"no tokenizer of {size} pieces can be trained on these texts ({error}); use fewer") from error
    return PieceTokenizer(sentencepiece.SentencePieceProcessor(model_proto=model.getvalue()))
