from dataclasses import dataclass
from pathlib import Path

import pytest

from speechtrt.documents import read_document, write_document
from speechtrt.errors import ManifestError
from speechtrt.specs import DType, TensorSpec


@dataclass(frozen=True, slots=True)
class Note:
    tensors: tuple[TensorSpec, ...]
    schema: int = 1


def test_a_document_survives_the_disk(tmp_path: Path) -> None:
    note = Note((TensorSpec("frame", DType.FLOAT32, ("slots", 80)),))
    write_document(tmp_path / "note.json", note)
    assert read_document(tmp_path / "note.json", Note) == note


def test_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text('{"schema": 2, "new": true}')
    with pytest.raises(ManifestError, match=r"schema 2.*reads schema 1.*upgrade"):
        read_document(tmp_path / "note.json", Note)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": "1"}', '{"schema": 1}', '{"schema": 1, "tensors": [{"name": 1}]}'],
)
def test_a_malformed_document_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "note.json").write_text(text)
    with pytest.raises(ManifestError) as caught:
        read_document(tmp_path / "note.json", Note)
    assert "note.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unreadable_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_document(tmp_path / "absent.json", Note)
