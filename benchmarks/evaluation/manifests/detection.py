"""Which reader a manifest needs."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from speechtrt.benchmarks.evaluation.manifests.manifest import Entry, Manifest, make_manifest
from speechtrt.benchmarks.evaluation.manifests.nemo import read_nemo
from speechtrt.benchmarks.evaluation.manifests.tables import read_common_voice, read_csv
from speechtrt.benchmarks.evaluation.manifests.trees import KALDI, TRANSCRIPTS, read_kaldi, read_librispeech
from speechtrt.errors import DataError
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances, evaluation_utterances

SHIPPED: dict[str, Callable[[], Iterable[EvaluationUtterance]]] = {
    "dialects": dialect_utterances,
    "held-out": evaluation_utterances,
}
BY_ENDING: dict[str, Callable[[Path], Iterator[Entry]]] = {
    ".jsonl": read_nemo,
    ".json": read_nemo,
    ".tsv": read_common_voice,
    ".csv": read_csv,
}


def open_manifest(name: str, most: int | None = None) -> Manifest:
    """A shipped test set by name, or a file or folder in a known format. Raises DataError."""
    if name in SHIPPED:
        return make_manifest(name, map(_entry, SHIPPED[name]()), most)
    path = Path(name)
    if path.is_dir():
        return make_manifest(path.resolve().name, _folder(path), most)
    if path.suffix.lower() not in BY_ENDING or not path.is_file():
        raise DataError(
            f"{name}: is no manifest; expected {' or '.join(SHIPPED)}, a NeMo .jsonl, a Common Voice .tsv, a .csv with "
            "audio and text, a LibriSpeech folder or a Kaldi data folder"
        )
    return make_manifest(path.name, BY_ENDING[path.suffix.lower()](path), most)


def _folder(path: Path) -> Iterator[Entry]:
    if all((path / name).is_file() for name in KALDI):
        return read_kaldi(path)
    if next(path.rglob(TRANSCRIPTS), None) is None:
        raise DataError(f"{path}: holds neither wav.scp and text (Kaldi) nor {TRANSCRIPTS} files (LibriSpeech)")
    return read_librispeech(path)


def _entry(utterance: EvaluationUtterance) -> Entry:
    columns = {"dialect": utterance.dialect} if utterance.dialect else {}
    return Entry(utterance.id, utterance.path, utterance.text, utterance.voice, columns)
