"""Versioned JSON documents: parsed once, at the edge, into frozen dataclasses."""

from pathlib import Path
from typing import TypeVar

import msgspec

from speechtrt.artifact import write_bytes
from speechtrt.errors import ManifestError

SCHEMA = 1

T = TypeVar("T")


class _Header(msgspec.Struct):
    schema: int


def read_document(path: Path, kind: type[T]) -> T:
    """Parse `path` into `kind`. Raises ManifestError for a missing, malformed or newer document."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            f"{path}: cannot be read ({error.strerror}); expected a {kind.__name__} document"
        ) from error
    try:
        schema = msgspec.json.decode(data, type=_Header).schema
        if schema != SCHEMA:
            raise ManifestError(
                f"{path}: has schema {schema}, this version of speechtrt reads schema {SCHEMA}; "
                "upgrade speechtrt or write the artefact again"
            )
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise ManifestError(f"{path}: is not a valid {kind.__name__} document: {error}") from error


def encode_document(value: object) -> bytes:
    """`value` as indented JSON with a final newline, the same bytes for the same value."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def write_document(path: Path, value: object) -> None:
    """Write `value` to `path` in one step: a reader sees the old document or the new one."""
    write_bytes(path, encode_document(value))
