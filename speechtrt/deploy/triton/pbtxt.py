"""Protobuf's text format, as much of it as a model configuration needs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

Message: TypeAlias = Mapping[str, object]  # values: str, int, bool, Symbol, another message, or a sequence of these

INDENT = "  "


class Symbol(StrEnum):
    """Base of the enums of a configuration, whose members are written without quotes."""


def render(message: Message) -> str:
    """A message: symbols bare, other strings quoted, a sequence as a repeated field."""
    return "".join(f"{line}\n" for line in _lines(message))


def _lines(message: Message) -> Iterator[str]:
    for name, value in message.items():
        repeated = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        for one in repeated:
            yield from _field(name, one)


def _field(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{name}: {_scalar(value)}"
        return
    yield f"{name} {{"
    yield from (INDENT + line for line in _lines(value))
    yield "}"


def _scalar(value: object) -> str:
    return value.value if isinstance(value, Symbol) else json.dumps(value)
