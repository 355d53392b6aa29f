"""What a process of clients and a process that hears them say to each other over a socket."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct("<IBI")  # stream, verb, bytes that follow


class Verb(IntEnum):
    """What a frame asks for or tells."""

    OPEN = 0
    AUDIO = 1  # float32 samples
    END = 2
    POLL = 3
    CLOSE = 4
    RESET = 5
    STATE = 6
    READY = 7
    NEWS = 8
    REFUSED = 9
    FAILED = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """A verb about a stream; stream 0 stands for all."""

    stream: int
    verb: Verb
    payload: bytes

    def __bytes__(self) -> bytes:
        return HEADER.pack(self.stream, self.verb, len(self.payload)) + self.payload


@dataclass(slots=True)
class FrameReader:
    """Frames out of bytes that were cut anywhere."""

    _rest: bytes = b""

    def read(self, data: bytes) -> Iterator[Frame]:
        """Every frame that is complete by now."""
        data, place = self._rest + data, 0
        while len(data) - place >= HEADER.size:
            stream, verb, size = HEADER.unpack_from(data, place)
            start = place + HEADER.size
            if len(data) < start + size:
                break
            yield Frame(stream, Verb(verb), data[start : start + size])
            place = start + size
        self._rest = data[place:]
