"""The first bytes of a TensorRT-RTX engine file, read so that nothing foreign or damaged is ever deserialised."""

import struct
from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import IntegrityError

MAGIC = b"vtrt"
HEADER = struct.Struct("<4sIQQ4B")  # magic, two words of format, bytes in all, version


@dataclass(frozen=True, slots=True)
class Plan:
    """What an engine file says of itself."""

    version: str
    bytes: int


def read_plan(path: Path) -> Plan:
    """The header of an engine file whose size agrees with it. Raises IntegrityError."""
    with path.open("rb") as file:
        start = file.read(HEADER.size)
    if not start.startswith(MAGIC):
        raise IntegrityError(f"{path}: found {start[:4]!r}, expected a TensorRT-RTX engine; build the engine set again")
    found = path.stat().st_size
    if len(start) < HEADER.size:
        raise IntegrityError(f"{path}: ends within its header after {found} bytes; build the engine set again")
    _, _, _, size, *version = HEADER.unpack(start)
    if found != size:
        raise IntegrityError(f"{path}: has {found} bytes, its header expects {size}; build the engine set again")
    return Plan(".".join(map(str, version)), size)
