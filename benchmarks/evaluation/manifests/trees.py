"""Manifests that are folders: LibriSpeech's tree, and Kaldi's data folders."""

from collections.abc import Iterator
from pathlib import Path

from speechtrt.benchmarks.evaluation.manifests.lines import bad_line, read_lines
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry
from speechtrt.errors import DataError

TRANSCRIPTS = "*.trans.txt"
KALDI = ("wav.scp", "text")


def read_librispeech(folder: Path) -> Iterator[Entry]:
    """`SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt`, with FLAC files beside it. Raises DataError."""
    for path in sorted(folder.rglob(TRANSCRIPTS)):
        for number, line in enumerate(read_lines(path), 1):
            identity, _, text = line.partition(" ")
            speaker, _, rest = identity.partition("-")
            if not rest:
                raise bad_line(path, number, line, "SPEAKER-CHAPTER-NUMBER, then the words")
            others = {"chapter": rest.partition("-")[0]}
            yield Entry(identity, path.parent / f"{identity}.flac", text, speaker, others)


def read_kaldi(folder: Path) -> Iterator[Entry]:
    """`wav.scp`, `text`, and `utt2spk` and `spk2gender` if there are any. Raises DataError for pipes and segments."""
    if (folder / "segments").exists():
        raise DataError(f"{folder}: cuts utterances out of recordings (segments); extract them to files of their own")
    texts = _pairs(folder / "text")
    speakers = _pairs(folder / "utt2spk") if (folder / "utt2spk").exists() else {}
    genders = _pairs(folder / "spk2gender") if (folder / "spk2gender").exists() else {}
    for identity, place in _pairs(folder / "wav.scp").items():
        if place.endswith("|"):
            raise DataError(f"{folder / 'wav.scp'}: {identity} is a command; write its output to a file")
        speaker = speakers.get(identity, identity)
        others = {"gender": genders[speaker]} if speaker in genders else {}
        yield Entry(identity, folder / place, texts.get(identity, ""), speaker, others)


def _pairs(path: Path) -> dict[str, str]:
    """Key and rest of every line."""
    split = (line.strip().partition(" ") for line in read_lines(path) if line.strip())
    return {key: rest.strip() for key, _, rest in split}
