"""The short way between a socket and a session: messages pass no queue and no task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from speechtrt.runtime.serving.core.incoming import HEADER

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which there is no wheel
    from websockets.utils import apply_mask

EXTENSION = "speechtrt.direct"
CHOICES = {"origin", "sec-websocket-protocol"}  # of browsers, whose handshakes the application must answer
FINAL_TEXT, MASKED, LONGER, LONGEST = 0x81, 0x80, 126, 127  # RFC 6455, 5.2


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """How a connection is closed, and the id of the request that it was."""

    code: int
    reason: str
    request_id: str


# From a handshake's target and its headers in lower case.
TurnAway = Callable[[str, Mapping[str, str]], TurnedAway | None]


def nobody(_target: str, _headers: Mapping[str, str]) -> None:
    """Turns nobody away."""


class DirectWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol, in which an application may `take` text messages in the very call that brings their bytes.

    Only a whole unfragmented message in ASCII goes that way, and only when none before it waits; everything else, and
    what is not taken, goes the usual way.
    """

    take: Callable[[bytes], bool] | None = None

    def handle_connect(self, event: Request) -> None:
        """Turn a client away where the application says so at once, or offer it the short way."""
        turn_away: TurnAway = getattr(self.config.app, "turn_away", nobody)
        headers = {name.lower(): value for name, value in event.headers.raw_items()}
        if not CHOICES & headers.keys() and (told := turn_away(event.path, headers)):
            self._turn_away(event, told)
            return
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][EXTENSION] = {"link": self}

    def _turn_away(self, event: Request, told: TurnedAway) -> None:
        """Handshake and close frame in one piece; the client's own close frame, or the time for it, ends the rest."""
        response = self.conn.accept(event)
        response.headers[HEADER] = told.request_id
        self.conn.send_response(response)
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self.conn.send_close(told.code, told.reason)
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.close_timer is None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self.take and self._between_messages:
            data = self._untaken(data, self.take)
        if data:
            super().data_received(data)

    def put(self, text: bytes) -> bool:
        """Send a text message at once; False when the client has too much to read already, or has gone."""
        if not self.writable.is_set() or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return False
        self.conn.send_text(text)
        self.transport.write(b"".join(self.conn.data_to_send()))
        return True

    def leave(self, code: int, reason: str) -> None:
        """Close the connection without waiting for the client: who reads finds the close frame, who does not is cut."""
        if self.close_sent or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    @property
    def _between_messages(self) -> bool:
        conn = self.conn
        return not (self.close_sent or self.queue.qsize() or conn.reader.buffer or conn.current_size is not None)

    def _untaken(self, data: bytes, take: Callable[[bytes], bool]) -> bytes:
        start = 0
        while start < len(data):
            text, end = whole_text(data, start)
            if text is None or not take(text):
                return data[start:]
            start = end
        return b""


def whole_text(data: bytes, start: int) -> tuple[bytes | None, int]:
    """The masked text message that begins at `start`, and where it ends; None if it is anything less simple."""
    if len(data) < start + 8 or data[start] != FINAL_TEXT or not data[start + 1] & MASKED:
        return None, start
    mask, size = start + 2, data[start + 1] & ~MASKED
    if size == LONGEST:
        return None, start
    if size == LONGER:
        mask, size = start + 4, data[start + 2] << 8 | data[start + 3]
    end = mask + 4 + size
    text = apply_mask(data[mask + 4 : end], data[mask : mask + 4])
    return (text if len(data) >= end and text.isascii() else None), end


def direct(websocket: WebSocket) -> DirectWebSocket | None:
    """The short way of a connection, if its server has one."""
    found = websocket.scope.get("extensions", {}).get(EXTENSION)
    return found["link"] if found else None
