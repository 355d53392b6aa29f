"""A live transcription session, apart from its socket: requests in, messages out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.asr.pcm import PcmReader, Plain, as_samples
from speechtrt.runtime.asr.resampler import Resampler
from speechtrt.runtime.asr.vad import VoiceDetector
from speechtrt.runtime.serving.core.ports import Hearer
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.realtime.config import Config, ServerVad, patched
from speechtrt.runtime.serving.realtime.item import Item, ItemState, given_up
from speechtrt.runtime.serving.realtime.messages import (
    Append,
    Clear,
    Commit,
    Message,
    Request,
    SessionUpdate,
    committed,
    failed,
    identifier,
    message,
)
from speechtrt.runtime.serving.realtime.turns import RATE, Edge, TurnDetector

SHORTEST_TURN = 0.1  # seconds that a client may commit
BLOCK_SECONDS = 0.08  # of a message at once, so that a long one cannot pass a turn's limit by more
ONSET_SECONDS = 0.128  # from where a voice begins to where the detector is sure


@dataclass(slots=True)
class Session:
    """One client's turns. `send` must not block; `make_detector` is called when the server has to find the turns."""

    service: Service
    hearer: Hearer
    send: Callable[[Message], None]
    make_detector: Callable[[], VoiceDetector]
    id: str = field(default_factory=lambda: identifier("sess"))
    config: Config = field(init=False)
    _item: Item | None = None  # the open one
    _closing: list[Item] = field(default_factory=list)  # committed, and not yet complete
    _previous: str | None = None
    _clock: float = 0.0  # seconds of the session so far
    _recent: deque[Samples] = field(default_factory=deque)  # before a turn
    _reader: PcmReader = field(init=False)
    _turns: TurnDetector | None = None
    _to_detector: Resampler = field(init=False)

    def __post_init__(self) -> None:
        self.config = Config(self.hearer.card.name)
        self._reader = PcmReader(self.config.encoding)
        self._follow_turns(self.config)

    def describe(self) -> dict[str, object]:
        """The effective configuration as clients read it."""
        return {
            "id": self.id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": self.config.describe(),
            "include": None,
        }

    @property
    def waiting(self) -> bool:
        """Whether words are still to come for audio that the client has sent."""
        return self._item is not None or any(item.state is not ItemState.CLOSED for item in self._closing)

    async def handle(self, request: Request) -> None:
        """Serve one request. Raises Refusal; the session goes on."""
        match request:
            case SessionUpdate():
                self._update(request)
            case Append():
                await self._append(request)
            case Commit():
                await self._commit_request()
            case Clear():
                await self._clear()

    async def finish(self) -> None:
        """Commit what was said and wait for its words."""
        if self._item and self._item.seconds >= SHORTEST_TURN:
            await self._commit()
        for item in self._closing:
            await item.done()

    async def close(self) -> None:
        """Give up everything; it may be closed twice."""
        for item in [*self._closing, *([self._item] if self._item else [])]:
            await item.cancel()
        self._item, self._closing = None, []

    def _update(self, request: SessionUpdate) -> None:
        config = patched(self.config, request.session, self.hearer.card.name)
        if not self.service.router.may_serve(config.model, self.hearer):
            message_ = f"this session is served by {self.hearer.card.name}; open another with ?model={config.model}"
            raise Refusal(
                Reason.INVALID, message_, code="invalid_value", param="session.audio.input.transcription.model"
            )
        self.hearer.check(config.listening)
        if self._item and (config.encoding, config.rate) != (self.config.encoding, self.config.rate):
            what = "the format cannot change while a turn is open; commit or clear it first"
            raise Refusal(Reason.INVALID, what, code="invalid_value", param="session.audio.input.format")
        self._configure(config)
        self.send(message("session.updated", session=self.describe()))

    def _configure(self, config: Config) -> None:
        """What stays as it was keeps its memory: half a sample, and what the detector has heard."""
        old, self.config = self.config, config
        if config.encoding is not old.encoding:
            self._reader = PcmReader(config.encoding)
        if (config.turn_detection, config.rate, config.encoding) != (old.turn_detection, old.rate, old.encoding):
            self._follow_turns(config)

    def _follow_turns(self, config: Config) -> None:
        self._to_detector = Resampler(RATE)
        self._recent.clear()
        vad = config.turn_detection
        self._turns = TurnDetector(vad, self.make_detector(), speaking=self._item is not None) if vad else None

    async def _append(self, request: Append) -> None:
        if not request.audio:
            raise Refusal(Reason.INVALID, "audio is empty; expected samples", code="invalid_value", param="audio")
        samples = self._reader.plain(request.audio)
        self._forget_failed()
        if self._turns:
            await self._follow(as_samples(samples), self._turns)
        else:
            await self._take(samples)

    async def _take(self, samples: Plain) -> None:
        """Append to the turn that the client will commit."""
        item = self._item or await self._open(self._clock)
        limit = self.service.limits.turn_seconds
        if item.seconds > limit:
            what = f"the turn is longer than {limit:g} seconds, the limit; commit or clear it"
            raise Refusal(Reason.TOO_LARGE, what, code="input_audio_buffer_full", param="audio")
        self._advance(samples)
        await item.hear(samples, self.config.rate)

    async def _follow(self, samples: Samples, turns: TurnDetector) -> None:
        """Find turns in the samples."""
        size, rate = round(BLOCK_SECONDS * self.config.rate), self.config.rate
        for start in range(0, len(samples), size):
            piece, done = samples[start : start + size], 0
            for change in turns.push(self._to_detector.push(piece, rate)):
                until = max(done, len(piece) - change.after * rate // RATE)
                await self._keep(piece[done:until], turns.vad)
                await self._turn(change.edge)
                done = until
            await self._keep(piece[done:], turns.vad)
            if self._item and self._item.seconds > self.service.limits.turn_seconds:
                turns.interrupt()
                await self._turn(Edge.STOPPED)

    async def _keep(self, piece: Samples, vad: ServerVad) -> None:
        """Sound belongs to the turn, or may be just before one."""
        if not len(piece):
            return
        self._advance(piece)
        if self._item:
            await self._item.hear(piece, self.config.rate)
            return
        self._recent.append(piece)
        kept = (vad.prefix_padding_ms / 1000 + ONSET_SECONDS) * self.config.rate
        while sum(len(p) for p in self._recent) - len(self._recent[0]) >= kept:
            self._recent.popleft()

    async def _turn(self, edge: Edge) -> None:
        if edge is Edge.STARTED:
            before = np.concatenate([np.zeros(0, np.float32), *self._recent])  # none, where the last turn was just cut
            self._recent.clear()
            item = await self._open(self._clock - len(before) / self.config.rate)
            started = {"audio_start_ms": round(item.start * 1000), "item_id": item.id}
            self.send(message("input_audio_buffer.speech_started", **started))
            if len(before):
                await item.hear(before, self.config.rate)
        elif self._item:
            stopped = {"audio_end_ms": round(self._clock * 1000), "item_id": self._item.id}
            self.send(message("input_audio_buffer.speech_stopped", **stopped))
            await self._commit()

    def _forget_failed(self) -> None:
        """A turn whose stream broke has told so; the next one begins with the next sound."""
        if self._item and self._item.state is ItemState.CLOSED:
            self._item = None
            if self._turns:
                self._turns.interrupt()

    async def _open(self, start: float) -> Item:
        listener = await self.hearer.listen(self.config.listening)
        item = Item(identifier("item"), self.hearer, listener, self.send, self.service.metrics, max(0.0, start))
        self._item = item
        return item

    async def _commit_request(self) -> None:
        if self._item is None or self._item.seconds < SHORTEST_TURN:
            found = self._item.seconds * 1000 if self._item else 0.0
            what = f"the turn has {found:.0f} ms of audio; expected at least {SHORTEST_TURN * 1000:.0f} ms"
            raise Refusal(Reason.INVALID, what, code="input_audio_buffer_commit_empty")
        if self._turns:
            self._turns.interrupt()
        await self._commit()

    async def _commit(self) -> None:
        assert self._item is not None
        item, self._item = self._item, None
        for news in committed(item.id, self._previous):
            self.send(news)
        self._previous = item.id
        self._closing = [i for i in self._closing if i.state is not ItemState.CLOSED] + [item]
        await item.commit()

    async def _clear(self) -> None:
        item, self._item = self._item, None
        self._recent.clear()
        if self._turns:
            self._turns.interrupt()
        if item:
            await item.cancel()
            if item.begun:
                self.send(failed(item.id, given_up()))
        self.send(message("input_audio_buffer.cleared"))

    def _advance(self, samples: Plain) -> None:
        self._clock += len(samples) / self.config.rate
