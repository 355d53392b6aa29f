"""What voices read: the shipped evaluation sentences, or a file of your own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import sha256_file
from speechtrt.benchmarks.quality.readings import Script
from speechtrt.benchmarks.quality.voice_check import shipped_scripts
from speechtrt.errors import BenchmarkError

SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Material:
    """Scripts, each text with every seed. `source` is `shipped`, or the sha256 of the file they come from."""

    source: str
    scripts: tuple[Script, ...]

    @property
    def blocks(self) -> dict[str, str]:
        """Script to text: readings of one text do not vary independently."""
        return {script.id: script.id.partition("/")[0] for script in self.scripts}


def shipped_material(voices: Sequence[str], texts: int, seeds: int) -> Material:
    """The first `texts` evaluation sentences."""
    return Material(SHIPPED, shipped_scripts(voices, texts, seeds))


def read_material(path: Path, texts: int, seeds: int) -> Material:
    """The first `texts` lines of a UTF-8 file; empty lines are left out. Raises BenchmarkError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: cannot be read ({error}); expected UTF-8 text, one sentence a line") from error
    kept = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()][:texts]
    if not kept:
        raise BenchmarkError(f"{path}: holds no text; expected one sentence a line")
    scripts = (Script(f"line-{number}/{seed}", text, seed) for number, text in kept for seed in range(seeds))
    return Material(sha256_file(path), tuple(scripts))
