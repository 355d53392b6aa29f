"""A visitor of an open-loop load: comes once, speaks at real-time pace if let in, and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from speechtrt.benchmarks.serving.realtime import Packets, RealtimeConnection, session
from speechtrt.benchmarks.serving.timetable import Timetables
from speechtrt.benchmarks.serving.web_socket import Handshake, WebSocketClient
from speechtrt.benchmarks.serving.wire import Wires
from speechtrt.benchmarks.stream.client import Client, Spoken, Tally
from speechtrt.errors import BenchmarkError, CapacityError

OVERLOADED = 1013
HEARD_SECONDS = 0.5  # of a turn that a server surely has when its client hangs up in it


class End(StrEnum):
    """How a visit ended; LOST is what must not happen."""

    SERVED = "served"
    SHED = "shed"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(slots=True)
class Visit:
    """Speaks `spoken`, one turn after the other, in one session; with `leaves` it hangs up in the middle of the last.

    `due` is when `step` must be called next.
    """

    wires: Wires
    handshake: Handshake
    spoken: Sequence[Spoken]
    tables: Timetables
    packets: Packets
    packet: float
    due: float
    leaves: bool
    tally: Tally = field(default_factory=Tally)
    refusal_seconds: float | None = None
    begun: float = 0.0
    ended: float = 0.0
    end: End | None = None
    _socket: WebSocketClient | None = None
    _client: Client | None = None
    _turns: int = 0
    _sent_before: float = 0.0  # in earlier turns

    def step(self, now: float) -> None:
        """Do what is due."""
        client = self._client or self._arrive(now)
        try:
            client.step(now, measuring=True)
        except BenchmarkError:
            self._refused(now)
            return
        self.due = client.due
        if client.turn == len(self.spoken):
            self._leave(End.SERVED, now)
        elif self.leaves and self._turns == len(self.spoken) and self._sent - self._sent_before >= HEARD_SECONDS:
            self._leave(End.CANCELLED, now)

    def served_seconds(self, start: float, end: float) -> float:
        """Audio of a visit that was served, as far as it was there between two moments."""
        if self.end is not End.SERVED:
            return 0.0
        shared = min(self.ended, end) - max(self.begun, start)
        return self._sent * max(0.0, shared) / (self.ended - self.begun)

    @property
    def _sent(self) -> float:
        return self.tally.sent_seconds

    def _arrive(self, now: float) -> Client:
        self.begun = now
        self._socket = session(WebSocketClient.open(self.wires, self.handshake))
        lookahead = self.tables.lookahead_seconds
        self._client = Client(self._turn, self.spoken, self.packet, lookahead, self.tally, self.due, turn=0)
        return self._client

    def _turn(self) -> RealtimeConnection:
        assert self._socket is not None
        if self._turns == len(self.spoken):
            raise CapacityError("everything was said; there is no other turn")
        self._turns, self._sent_before = self._turns + 1, self._sent
        return RealtimeConnection(self._socket, self.tables, self.packets, [])

    def _refused(self, now: float) -> None:
        """Either there was no place, or something went wrong."""
        assert self._socket is not None
        shed = self._socket.code == OVERLOADED and self._socket.closed is not None
        if shed and self._socket.closed is not None:
            self.refusal_seconds = self._socket.closed - self._socket.opened
        self._leave(End.SHED if shed else End.LOST, now)

    def _leave(self, end: End, now: float) -> None:
        assert self._socket is not None
        self.end, self.ended = end, now
        self._socket.close(abort=end is End.CANCELLED)
