"""Pronounced words: every dictionary word with the phones that flite speaks for it, kept as JSON lines."""

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from speechtrt.artifact import write_bytes
from speechtrt.errors import DataError
from speechtrt.models.tts.letters import Pronunciation
from speechtrt.models.tts.phones import PAUSE

CHUNK = 500


def make_lexicon(path: Path, words: list[str], workers: int = 2) -> list[Pronunciation]:
    """Pronounce `words` with flite into `path` and return them. Raises DataError when flite is missing or fails."""
    if shutil.which("flite") is None:
        raise DataError("flite was not found on PATH; it pronounces the words: install the Debian package flite")
    chunks = [words[first : first + CHUNK] for first in range(0, len(words), CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        spoken = [item for chunk in pool.map(pronounce, chunks) for item in chunk]
    encoder = msgspec.json.Encoder()
    write_bytes(path, encoder.encode_lines([("".join(item.letters), item.phones) for item in spoken]))
    return spoken


def read_lexicon(path: Path) -> list[Pronunciation]:
    """The words of a file written by `make_lexicon`."""
    lines = msgspec.json.Decoder(tuple[str, list[str]]).decode_lines(path.read_bytes())
    return [Pronunciation(list(word), phones) for word, phones in lines]


def pronounce(words: list[str]) -> list[Pronunciation]:
    """The phones of each word, spoken alone; the quick voice has the same dictionary and rules as the others."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{word}!\n\n" for word in words))
        file.flush()
        command = ["flite", "-voice", "kal", "-ps", "-f", file.name, "none"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = result.stdout.strip().splitlines()
    if result.returncode or len(lines) != len(words):
        raise DataError(f"flite pronounced {len(lines)} of {len(words)} words; expected all; try `{' '.join(command)}`")
    return [
        Pronunciation(list(word), [phone for phone in line.split() if phone != PAUSE])
        for word, line in zip(words, lines, strict=True)
    ]
