"""Clients that vanish: one for every state that each protocol can be in."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import grpc
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from speechtrt.audio import Samples
from speechtrt.benchmarks.serving.realtime import COMMIT, append
from speechtrt.benchmarks.serving.riva import CONFIG, METHOD, Request
from speechtrt.benchmarks.serving.web_socket import PATH, UPDATE
from speechtrt.benchmarks.serving.wire import RESET
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from speechtrt.runtime.serving.sound.encoding import encode_pcm16

SECONDS = 10.0
SAY = json.dumps({"input": "Nobody had seen the old lighthouse keeper since the storm.", "response_format": "pcm"})
MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is, and something to say to it."""

    http_port: int
    grpc_port: int
    samples: Samples
    file: bytes


@dataclass(frozen=True, slots=True)
class Leaver:
    """A blocking socket that ends by a reset or by a plain close."""

    socket: socket.socket

    def send(self, data: bytes) -> None:
        """All of it."""
        self.socket.sendall(data)

    def leave(self, reset: bool) -> None:
        """Vanish."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()


def connected(place: Place) -> Leaver:
    """A socket to the web server."""
    return Leaver(socket.create_connection(("127.0.0.1", place.http_port), timeout=SECONDS))


@dataclass(slots=True)
class Talker:
    """A blocking WebSocket client."""

    leaver: Leaver
    protocol: ClientProtocol

    @classmethod
    def shaking_hands(cls, place: Place) -> "Talker":
        """With its request written, not sent."""
        protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{place.http_port}{PATH}"))
        protocol.send_request(protocol.connect())
        return cls(connected(place), protocol)

    @classmethod
    def in_session(cls, place: Place) -> "Talker":
        """After the server's first event."""
        talker = cls.shaking_hands(place)
        talker.leaver.send(talker.pending())
        talker.until("session.created")
        return talker

    def pending(self) -> bytes:
        """What is to be sent."""
        return b"".join(self.protocol.data_to_send())

    def say(self, *texts: bytes) -> None:
        """Send messages."""
        for text in texts:
            self.protocol.send_text(text)
        self.leaver.send(self.pending())

    def until(self, kind: str) -> None:
        """Read events up to one of this kind. Raises BenchmarkError when the server closes first."""
        while data := self.leaver.socket.recv(65536):
            self.protocol.receive_data(data)
            for event in self.protocol.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.TEXT and _kind(event).endswith(kind):
                    return
        raise BenchmarkError(f"the server closed a session before {kind}; look at its log")


def _kind(frame: Frame) -> str:
    return str(json.loads(bytes(frame.data))["type"])


def _web_socket(place: Place, state: str) -> Leaver:
    if state == "half a handshake":
        talker = Talker.shaking_hands(place)
        data = talker.pending()
        talker.leaver.send(data[: len(data) // 2])
        return talker.leaver
    talker = Talker.in_session(place)
    sound = append(place.samples)
    messages = {
        "session": (),
        "update": (UPDATE,),
        "audio found by the server": (append(place.samples),),
        "audio": (UPDATE, append(place.samples[:1600])),
        "half a frame": (UPDATE,),
        "words": (UPDATE, sound),
        "commit": (UPDATE, sound, COMMIT),
        "final words": (UPDATE, sound, COMMIT),
        "second turn": (UPDATE, sound, COMMIT, sound),
    }
    talker.say(*messages[state])
    if state == "half a frame":
        talker.protocol.send_text(sound)
        data = talker.pending()
        talker.leaver.send(data[: len(data) // 2])
    if state in ("words", "final words"):
        talker.until(".delta" if state == "words" else ".completed")
    return talker.leaver


def _http(place: Place, state: str) -> Leaver:
    leaver, upload = connected(place), PART + place.file + b"\r\n--x--\r\n"
    speech, events = SAY.encode(), json.dumps({**json.loads(SAY), "stream_format": "sse"}).encode()
    requests = {
        "connected": b"",
        "half a request": b"POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-",
        "half a body": _post("/v1/audio/speech", "application/json", speech)[: -len(speech) // 2],
        "speech asked": _post("/v1/audio/speech", "application/json", speech),
        "speech heard": _post("/v1/audio/speech", "application/json", speech),
        "speech events": _post("/v1/audio/speech", "application/json", events),
        "half an upload": _post("/v1/audio/transcriptions", MULTIPART, upload)[: -len(place.file) // 2],
        "upload": _post("/v1/audio/transcriptions", MULTIPART, upload),
    }
    leaver.send(requests[state])
    if state in ("speech heard", "speech events"):
        leaver.socket.recv(4096)
    return leaver


def _post(path: str, kind: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _riva(place: Place, state: str) -> grpc.Channel:
    channel = grpc.insecure_channel(f"127.0.0.1:{place.grpc_port}", [("grpc.enable_http_proxy", 0)])
    method = channel.stream_stream(
        METHOD,
        request_serializer=Request.SerializeToString,
        response_deserializer=wire.StreamingRecognizeResponse.FromString,
    )
    sound = Request(audio_content=encode_pcm16(place.samples))
    call = method(_held({"config": [CONFIG], "audio": [CONFIG, sound], "words": [CONFIG, sound]}[state]))
    if state == "words":
        next(call)
    else:
        time.sleep(0.02)  # nothing says that the server has it
    return channel


def _held(requests: list[Request]) -> Iterator[Request]:
    """Requests of a client that never says that it is done; the call ends with its channel."""
    yield from requests
    time.sleep(SECONDS)


WEB_SOCKET = (
    "half a handshake",
    "session",
    "update",
    "audio",
    "audio found by the server",
    "half a frame",
    "words",
    "commit",
    "final words",
    "second turn",
)
HTTP = (
    "connected",
    "half a request",
    "half a body",
    "speech asked",
    "speech heard",
    "speech events",
    "half an upload",
    "upload",
)
RIVA = ("config", "audio", "words")


def _vanish(reach: Callable[[Place, str], Leaver], state: str) -> Callable[[Place, bool], None]:
    def depart(place: Place, reset: bool) -> None:
        reach(place, state).leave(reset)

    return depart


def _hang_up(state: str) -> Callable[[Place, bool], None]:
    def depart(place: Place, reset: bool) -> None:
        with suppress(grpc.RpcError):
            _riva(place, state).close()

    return depart


# What takes a client into a state, and away.
DEPARTURES: dict[str, Callable[[Place, bool], None]] = {
    **{f"websocket: {state}": _vanish(_web_socket, state) for state in WEB_SOCKET},
    **{f"http: {state}": _vanish(_http, state) for state in HTTP},
    **{f"riva: {state}": _hang_up(state) for state in RIVA},
}
