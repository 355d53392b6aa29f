"""Events from a client that may send anything: bounded, and never silently dropped."""

import asyncio
import json
from typing import Any

from wyoming.event import Event

from speechtrt.runtime.serving.core.refusal import Reason, Refusal

LONGEST_DATA = 64 * 1024  # bytes of JSON beside an event's head
LONGEST_PAYLOAD = 1024 * 1024  # bytes of sound in one event


class OutOfStep(Refusal):
    """What came is no event, so nobody knows where the next one begins."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID, message, code="invalid_event")


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None when the client has left. Raises OutOfStep, or Refusal when only this event is wrong."""
    try:
        line = await reader.readline()
        if not line.strip():
            return None
        head = _object(line, "the head of an event")
        data = await reader.readexactly(_length(head, "data_length", LONGEST_DATA))
        payload = await reader.readexactly(_length(head, "payload_length", LONGEST_PAYLOAD))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except ValueError as error:  # the reader's own limit
        raise OutOfStep(f"a line is longer than any event's head ({error}); send JSON and a line feed") from error
    kind, fields = head.get("type"), head.get("data") or {}
    if not isinstance(kind, str) or not isinstance(fields, dict):
        raise Refusal(Reason.INVALID, "an event has no type, or data that is no object", code="invalid_event")
    return Event(kind, {**fields, **_data(data)}, payload or None)


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OutOfStep(f"{what} is not JSON ({str(error)[:80]})") from error
    if not isinstance(found, dict):
        raise OutOfStep(f"{what} is no JSON object")
    return found


def _length(head: dict[str, Any], name: str, most: int) -> int:
    length = head.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= most:
        raise OutOfStep(f"{name} is {str(length)[:40]}; expected a whole number up to {most}")
    return length


def _data(text: bytes) -> dict[str, Any]:
    """The data that follows a head; a fault in it leaves the next event where it is."""
    if not text:
        return {}
    try:
        return _object(text, "the data of an event")
    except OutOfStep as error:
        raise Refusal(Reason.INVALID, str(error), code="invalid_event") from error
