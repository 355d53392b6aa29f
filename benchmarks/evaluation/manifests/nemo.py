"""NeMo's manifests: a JSON object a line, with `audio_filepath` and `text`."""

import json
from collections.abc import Iterator
from pathlib import Path

from speechtrt.benchmarks.evaluation.manifests.lines import bad_line, read_lines
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry

KNOWN = ("audio_filepath", "text", "id", "utt_id", "speaker", "speaker_id", "duration")
EXPECTED = 'a JSON object with "audio_filepath" and "text"'


def read_nemo(path: Path) -> Iterator[Entry]:
    """Audio paths are relative to the manifest. Without a speaker, every utterance is its own. Raises DataError."""
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            audio, text = str(row["audio_filepath"]), str(row["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise bad_line(path, number, line, EXPECTED) from error
        identity = str(row.get("id") or row.get("utt_id") or Path(audio).stem)
        speaker = str(row.get("speaker") or row.get("speaker_id") or identity)
        others = {name: str(value) for name, value in row.items() if name not in KNOWN and value is not None}
        yield Entry(identity, path.parent / audio, text, speaker, others)
