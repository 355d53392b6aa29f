"""Headers of TensorRT-RTX engines: a file that is damaged or foreign is refused before anything reads on."""

from pathlib import Path

import pytest

from speechtrt.errors import IntegrityError
from speechtrt.plan import HEADER, MAGIC, Plan, read_plan

BODY = bytes(100)
SOUND = HEADER.pack(MAGIC, 0, 2, HEADER.size + len(BODY), 1, 7, 1, 116) + BODY


def written(folder: Path, data: bytes) -> Path:
    path = folder / "decoder.engine"
    path.write_bytes(data)
    return path


def test_a_sound_header_names_its_version(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path, SOUND)) == Plan("1.7.1.116", len(SOUND))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "expected a TensorRT-RTX engine"),
        (b"ONNX" + SOUND[4:], "found b'ONNX'"),
        (SOUND[:10], "ends within its header after 10 bytes"),
        (SOUND[:-1], "has 127 bytes, its header expects 128"),
        (SOUND + b"x", "has 129 bytes"),
    ],
)
def test_damage_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(IntegrityError, match=says) as caught:
        read_plan(written(tmp_path, data))
    assert "build the engine set again" in str(caught.value)
