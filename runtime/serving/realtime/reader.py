"""One client's messages on their way to its session."""

import asyncio
from collections.abc import Awaitable
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.realtime.deadline import Deadline
from speechtrt.runtime.serving.realtime.direct import direct
from speechtrt.runtime.serving.realtime.eager import begin
from speechtrt.runtime.serving.realtime.messages import event_id_of, failure, parse
from speechtrt.runtime.serving.realtime.outbox import Outbox
from speechtrt.runtime.serving.realtime.session import Session


@dataclass(slots=True)
class Reader:
    """Serves messages one after the other; where the server allows it, in the very call that brings their bytes."""

    session: Session
    outbox: Outbox
    idle: Deadline
    _serving: bool = False
    _rest: "asyncio.Task[None] | None" = None
    _context: Context = field(default_factory=copy_context)

    async def run(self, websocket: WebSocket) -> None:
        """Until the client leaves."""
        link = direct(websocket)
        if link:
            link.take = self.take
        self.idle.begin()
        try:
            while (received := await websocket.receive())["type"] != "websocket.disconnect":
                if self._rest:
                    await self._rest
                await self._serve(received.get("text"))
        finally:
            if link:
                link.take = None
            if self._rest:
                self._rest.cancel()
                await asyncio.gather(self._rest, return_exceptions=True)

    def take(self, text: bytes) -> bool:
        """Serve a message now, unless the one before it still waits for something."""
        if self._serving:
            return False
        if rest := self._context.run(begin, self._serve(text)):
            self._rest = asyncio.get_running_loop().create_task(_awaited(rest), context=self._context)
        return True

    async def _serve(self, text: str | bytes | None) -> None:
        self._serving = True
        self.idle.end()
        try:
            if text is None:
                raise Refusal(Reason.INVALID, "a binary message came; expected JSON text", code="invalid_json")
            await self.session.handle(parse(text))
        except SpeechTRTError as error:
            self.outbox.put(failure(refusal_of(error), event_id_of(text or "")))
        finally:
            self._serving = False
            self.idle.begin()


async def _awaited(rest: Awaitable[None]) -> None:
    await rest
