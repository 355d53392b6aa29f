"""`tokens.txt` of sherpa-onnx: a piece and its id on every line, the blank last."""

from collections.abc import Sequence
from pathlib import Path

from speechtrt.errors import CheckpointError

TOKENS_FILE = "tokens.txt"
BLANK = "<blk>"


def write_tokens(path: Path, pieces: Sequence[str]) -> None:
    """Write the pieces in id order, and the blank behind them."""
    lines = [f"{piece} {index}\n" for index, piece in enumerate((*pieces, BLANK))]
    path.write_text("".join(lines), encoding="utf-8")


def read_tokens(path: Path, size: int) -> tuple[str, ...]:
    """The `size` pieces of the file, without the blank, in id order. Raises CheckpointError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}); expected the tokens.txt that lies beside the model"
        ) from error
    found = dict(_entry(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    missing = sorted(set(range(size)) - found.keys())
    if missing:
        raise CheckpointError(
            f"{path}: lacks the token {missing[0]} of {size}; expected the tokens.txt that lies beside the model"
        )
    if len(found) > size + 1:
        raise CheckpointError(f"{path}: has {len(found)} tokens, the model {size} and a blank; give the model's own")
    return tuple(found[index] for index in range(size))


def _entry(path: Path, number: int, line: str) -> tuple[int, str]:
    """A piece may itself hold a space, or be one, so the id is what follows the last."""
    piece, _, index = line.rpartition(" ")
    if not index.isdecimal():
        raise CheckpointError(
            f"{path}: line {number} is {line[:40]!r}, expected a token and its number; export it again"
        )
    return int(index), piece
