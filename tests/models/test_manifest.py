from pathlib import Path

import pytest

from speechtrt.errors import DataError
from speechtrt.models.data.manifest import MANIFEST, Utterance, read_manifest, write_manifest

SPOKEN = (
    Utterance("000000", "one two", "flite", "slt", "wav/000000.wav", 1.25, (("pau", 0.2), ("w", 0.31))),
    Utterance("000001", "o'clock", "espeak", "en-us+m1", "wav/000001.wav", 0.8),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, SPOKEN)
    assert tuple(read_manifest(tmp_path)) == SPOKEN
    assert len((tmp_path / MANIFEST).read_text().splitlines()) == 2


def test_a_missing_manifest_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train data"):
        read_manifest(tmp_path)


def test_a_broken_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"id": 7}\n')
    with pytest.raises(DataError, match="make the data again"):
        read_manifest(tmp_path)
