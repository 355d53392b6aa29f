"""The request that is being served: its id, and the trace that it belongs to."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

ACCEPTED = re.compile(r"[\w.:-]{1,64}", re.ASCII)
HEADER, TRACE_HEADER = "x-request-id", "traceparent"


@dataclass(frozen=True, slots=True)
class Incoming:
    """`id` is the client's own, if it is harmless, or a new one; `trace` a W3C traceparent that it sent, or None."""

    id: str
    trace: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Incoming":
        """What headers, or gRPC's metadata, say."""
        found = headers.get(HEADER, "")
        return cls(found if ACCEPTED.fullmatch(found) else uuid.uuid4().hex, headers.get(TRACE_HEADER))


_CURRENT: ContextVar[Incoming | None] = ContextVar("incoming", default=None)


def current() -> Incoming | None:
    """The request of the running task; None outside of any."""
    return _CURRENT.get()


@contextmanager
def serving(request: Incoming) -> Iterator[None]:
    """Whatever the block does, it does for this request."""
    before = _CURRENT.get()
    _CURRENT.set(request)
    try:
        yield
    finally:
        _CURRENT.set(before)
