"""`/v1/realtime`: a session on a WebSocket, from the handshake to the close code."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from speechtrt.runtime.asr.energy import EnergyDetector
from speechtrt.runtime.asr.vad import VoiceDetector
from speechtrt.runtime.policy.routing import Utterance
from speechtrt.runtime.serving.core.incoming import Incoming, serving
from speechtrt.runtime.serving.core.keys import bearer
from speechtrt.runtime.serving.core.metrics import Departure
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.router import Routed
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.http.failure import refused
from speechtrt.runtime.serving.realtime.deadline import Deadline
from speechtrt.runtime.serving.realtime.direct import TurnedAway, direct
from speechtrt.runtime.serving.realtime.messages import message
from speechtrt.runtime.serving.realtime.outbox import Outbox
from speechtrt.runtime.serving.realtime.reader import Reader
from speechtrt.runtime.serving.realtime.session import Session

LOG = logging.getLogger("speechtrt.requests")
PATH = "/v1/realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
PROTOCOL = "realtime"
FINISH_SECONDS = 1.5
LONGEST_REASON = 120  # bytes that fit into a close frame, with a few to spare


class Close(IntEnum):
    """Close codes; clients come back after the last two."""

    DONE = 1000
    POLICY = 1008
    RESTART = 1012
    OVERLOAD = 1013


REASONS = {
    Close.DONE: "the session is over",
    Close.POLICY: "messages were not read",
    Close.RESTART: "the server is shutting down",
}
CODES = {Reason.BUSY: Close.OVERLOAD, Reason.DRAINING: Close.RESTART, Reason.UNREADY: Close.RESTART}


@dataclass(frozen=True, slots=True)
class RealtimeEndpoint:
    """Serves transcription sessions. `origins` are pages that may connect, besides this server's own."""

    service: Service
    origins: tuple[str, ...] = ()
    make_detector: Callable[[], VoiceDetector] = EnergyDetector

    def turn_away(self, target: str, headers: Mapping[str, str]) -> TurnedAway | None:
        """How to close a connection before anything else is done for it, if nobody may enter; None lets it come."""
        path, _, query = target.partition("?")
        if path != PATH:
            return None
        try:
            model = parse_qs(query).get("model", [None])[0]
            refusal = self.service.refusal(self.service.catalogue.hearer(model))
        except Refusal:  # an unknown model, or one that the router has to choose: an answer for those who come in
            return None
        if refusal is None:
            return None
        with serving(incoming := Incoming.of(headers)):
            LOG.info("turned away", extra={"fields": {"path": path, "reason": str(refusal)}})
        return TurnedAway(CODES[refusal.reason], _reason(str(refusal)), incoming.id)

    async def connect(self, websocket: WebSocket) -> None:
        """One session. What is wrong before it begins is an HTTP error, a full or leaving server closes it at once."""
        try:
            key = self._identify(websocket)
            query = websocket.query_params
            routed = self.service.router.route(query.get("model"), Utterance(query.get("language")))
        except Refusal as refusal:
            await websocket.send_denial_response(refused(refusal))
            return
        await websocket.accept(PROTOCOL if PROTOCOL in websocket.scope["subprotocols"] else None)
        with suppress(Departure), ExitStack() as places:
            try:
                hearer = places.enter_context(self.service.admitted(routed.hearer, key))
            except Refusal as refusal:
                await _close(websocket, CODES[refusal.reason], str(refusal))
                return
            await self._serve(websocket, Routed(hearer, routed.reason))

    def _identify(self, websocket: WebSocket) -> str:
        origin = websocket.headers.get("origin")
        if origin and origin not in self.origins and urlsplit(origin).netloc != websocket.headers.get("host"):
            raise Refusal(Reason.FORBIDDEN, f"pages of {origin[:100]} may not connect; allow them with `origins`")
        if websocket.query_params.get("intent", "transcription") != "transcription":
            raise Refusal(Reason.INVALID, "this server transcribes; expected ?intent=transcription", param="intent")
        offered: list[str] = websocket.scope["subprotocols"]
        token = next((p.removeprefix(KEY_PROTOCOL) for p in offered if p.startswith(KEY_PROTOCOL)), None)
        return self.service.keyring.identify(bearer(websocket.headers.get("authorization")) or token)

    async def _serve(self, websocket: WebSocket, routed: Routed) -> None:
        link, hearer = direct(websocket), routed.hearer
        outbox = Outbox(link.put) if link else Outbox()
        session = Session(self.service, hearer, outbox.put, self.make_detector)
        outbox.put(message("session.created", session=session.describe()))
        if routed.reason:
            outbox.put(message("speechtrt.routed", model=hearer.card.name, reason=routed.reason))
        idle, unread = Deadline(self.service.limits.idle_seconds), Deadline(self.service.limits.write_seconds)
        tasks = Tasks.of(
            _closing(self.service.lifecycle.stopped(), Close.RESTART),
            Reader(session, outbox, idle).run(websocket),
            self._write(websocket, outbox, unread),
            _closing(idle.passed(), Close.DONE),
            _closing(unread.passed(), Close.POLICY),
        )
        try:
            code = await tasks.first(self.service.limits.session_seconds)
            if code is Close.POLICY:
                self.service.metrics.slow_consumer(hearer.card)()
            if code is None and session.waiting:
                raise Departure
            if code is not None:
                await self._finish(session, outbox, code)
                await _close(websocket, code, REASONS[code])
        finally:
            await tasks.cancel()
            await session.close()

    async def _finish(self, session: Session, outbox: Outbox, code: Close) -> None:
        """The last words reach a client that reads."""
        if code is Close.POLICY:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await session.finish()
                await outbox.emptied()

    async def _write(self, websocket: WebSocket, outbox: Outbox, unread: Deadline) -> Close | None:
        """Until the client leaves (None) or too much is unread."""
        try:
            while text := await outbox.get():
                unread.begin()
                await websocket.send_text(text.decode())
                unread.end()
                outbox.sent(text)
        except WebSocketDisconnect:
            return None
        except TimeoutError:
            pass
        return Close.POLICY


@dataclass(frozen=True, slots=True)
class Tasks:
    """Whatever may end a session; each says how."""

    running: "tuple[asyncio.Task[Close | None], ...]"

    @classmethod
    def of(cls, *endings: Coroutine[Any, Any, Close | None]) -> "Tasks":
        """Start all of them."""
        return cls(tuple(asyncio.create_task(ending) for ending in endings))

    async def first(self, seconds: float) -> Close | None:
        """How the session ends, after `seconds` at the latest; None when the client has left."""
        await asyncio.wait(self.running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return next((task.result() for task in self.running if task.done()), Close.DONE)

    async def cancel(self) -> None:
        """End all of them."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


async def _closing(moment: Coroutine[Any, Any, None], code: Close) -> Close:
    await moment
    return code


async def _close(websocket: WebSocket, code: Close, reason: str) -> None:
    if link := direct(websocket):  # `websocket.close` would wait until the client has read what was sent before
        link.leave(code, _reason(reason))
        return
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):  # the client was faster, or does not read
        async with asyncio.timeout(FINISH_SECONDS):
            await websocket.close(code, _reason(reason))


def _reason(text: str) -> str:
    return text[:LONGEST_REASON]
