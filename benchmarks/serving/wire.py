"""Sockets that never block; a thread notes what comes, and when."""

import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from speechtrt.closing import Closing

LARGEST = 1 << 16
RESET = struct.pack("ii", 1, 0)  # lingering is on, for 0 seconds
POLL_SECONDS = 0.2


@dataclass(slots=True, eq=False)
class Wire:
    """One connection. `arrived` holds what came with its time (`time.perf_counter`); an empty piece is the end."""

    socket: socket.socket
    arrived: deque[tuple[float, bytes]] = field(default_factory=deque)
    _unsent: deque[memoryview] = field(default_factory=deque)

    @property
    def drained(self) -> bool:
        """Whether everything has reached the kernel."""
        return not self._unsent

    def send(self, data: bytes) -> None:
        """Give the kernel what it takes now; the rest goes with the next call.

        What waits stays in its pieces: to join it for each call would keep a sender the busier the further the receiver
        is behind, and take from it the very time that it needs.
        """
        if data:
            self._unsent.append(memoryview(data))
        try:
            while self._unsent:
                piece = self._unsent.popleft()
                if rest := piece[self.socket.send(piece) :]:
                    self._unsent.appendleft(rest)
        except BlockingIOError:
            self._unsent.appendleft(piece)
        except OSError:  # the other side has gone: reading says so too
            self._unsent.clear()

    def receive(self) -> bool:
        """Note what has come; whether more may come."""
        try:
            data = self.socket.recv(LARGEST)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self.arrived.append((time.perf_counter(), data))
        return bool(data)

    def abort(self) -> None:
        """Close with a reset, as a process that dies with unread data does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()


class Wires(Closing):
    """Opens wires to one address of this machine, and reads them all in one thread."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._wires: dict[int, Wire] = {}
        self._poll = select.epoll()
        self._open = True
        self._thread = threading.Thread(target=self._read, name="wires")
        self._thread.start()

    def connect(self) -> Wire:
        """A new one."""
        found = socket.socket()
        found.connect(self._address)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.setblocking(False)
        wire = Wire(found)
        self._wires[found.fileno()] = wire
        self._poll.register(found.fileno(), select.EPOLLIN)
        return wire

    def forget(self, wire: Wire, abort: bool = False) -> None:
        """Close a wire, in order or with a reset. It may be forgotten twice."""
        number = wire.socket.fileno()
        if number < 0:
            return
        if self._wires.pop(number, None) is not None:
            self._poll.unregister(number)
        wire.abort() if abort else wire.socket.close()

    def close(self) -> None:
        """Close all."""
        if self._open:
            self._open = False
            self._thread.join()
            for wire in tuple(self._wires.values()):
                self.forget(wire)
            self._poll.close()

    def _read(self) -> None:
        while self._open:
            for number, _ in self._poll.poll(POLL_SECONDS):
                wire = self._wires.get(number)
                if wire is not None and not wire.receive():
                    self._leave(number)

    def _leave(self, number: int) -> None:
        """Nothing more comes from there; its owner will forget it."""
        if self._wires.pop(number, None) is not None:
            self._poll.unregister(number)
