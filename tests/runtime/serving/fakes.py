"""Models that need no engine: sound that can be checked by hand, a word for every tenth of a second."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.errors import AudioError, BackendError, CapacityError, SpeechTRTError, TextError
from speechtrt.runtime.asr.pcm import Plain
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.serving.core.ports import LIVE, Gauges, Heard, Listening, Mode, ModelCard, News, Utterance

RATE = 16_000
WORD_SECONDS = 0.1
PIECE = 1600


def sound_of(utterance: Utterance) -> Samples:
    """A tenth of a second per letter; its pitch is the letter, its loudness the seed."""
    time = np.arange(PIECE) / RATE
    level = 0.1 + 0.05 * (utterance.seed % 10)
    pieces = [level * np.sin(2 * np.pi * (100 + 5 * ord(letter)) * time) for letter in utterance.text]
    return np.concatenate(pieces).astype(np.float32)


def words_of(seconds: float) -> tuple[Word, ...]:
    """w0, w1, ...: one for every whole tenth of a second."""
    count = int(round(seconds / WORD_SECONDS, 6))
    return tuple(Word(f"w{n}", round(n * WORD_SECONDS, 3), round((n + 1) * WORD_SECONDS, 3), 0.9) for n in range(count))


def text_of(seconds: float) -> str:
    return " ".join(word.word for word in words_of(seconds))


@dataclass(slots=True)
class FakeSpeaker:
    """Speaks letters. While `gate` is clear, everyone waits before the second piece."""

    slots: int = 4
    voices: Sequence[str] = ("anna", "ben")
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    active: int = 0
    spoken: list[Utterance] = field(default_factory=list)
    version: str = "v1"
    delay: float = 0.0  # before the first piece
    broken: bool = False
    tripped: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def card(self) -> ModelCard:
        return ModelCard("tiny-voice", "fake", self.version, RATE, self.slots, ("en",), 1)

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Samples, None]:
        if not utterance.text.strip():
            raise TextError("the text is empty; expected at least one word")
        self.spoken.append(utterance)
        if self.broken:
            raise BackendError("the engine gives NaN")
        self.active += 1
        try:
            await asyncio.sleep(self.delay)
            samples = sound_of(utterance)
            for start in range(0, len(samples), PIECE):
                yield samples[start : start + PIECE]
                await self.gate.wait()
        finally:
            self.active -= 1

    def gauges(self) -> Gauges:
        return Gauges(self.active, 0, 10, 25, 40, tripped=self.tripped, guarded={"drift": 2, "switched": 1})


@dataclass(slots=True)
class FakeListener:
    """Hears a word in every tenth of a second, whatever the audio."""

    owner: "FakeHearer"
    live: bool
    seconds: float = 0.0
    _news: "asyncio.Queue[News | SpeechTRTError | None]" = field(default_factory=asyncio.Queue)
    _closed: bool = False

    async def hear(self, pcm: Plain, rate: int) -> None:
        if not np.isfinite(pcm).all():
            raise AudioError("found NaN or infinite samples; expected finite values")
        before = text_of(self.seconds)
        self.seconds += len(pcm) / rate
        if self.live and text_of(self.seconds) != before:
            self._news.put_nowait(Heard(text_of(self.seconds), self.seconds))

    async def end(self) -> None:
        heard = Heard(text_of(self.seconds), self.seconds, words=words_of(self.seconds), final=True)
        self._news.put_nowait(heard)

    async def news(self) -> AsyncIterator[News]:
        while (news := await self._news.get()) is not None:
            if isinstance(news, SpeechTRTError):
                raise news
            final = isinstance(news, Heard) and news.final
            if final:
                await self.owner.gate.wait()
            yield news
            if final:
                return

    def tell(self, news: News | SpeechTRTError) -> None:
        self._news.put_nowait(news)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.owner.active -= 1
            self._news.put_nowait(None)


@dataclass(slots=True)
class FakeHearer:
    """Gives listeners until its slots are taken. While `gate` is clear, no final comes."""

    slots: int = 4
    active: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    opened: list[FakeListener] = field(default_factory=list)
    asked: list[Listening] = field(default_factory=list)
    version: str = "v1"
    name: str = "tiny-ctc"
    rung: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def card(self) -> ModelCard:
        return ModelCard(self.name, "fake", self.version, RATE, self.slots, ("en",), 1)

    def check(self, listening: Listening) -> None:
        if any(phrase.text == "unspeakable" for phrase in listening.hot_words):
            raise TextError("hot phrase 'unspeakable': the model has no labels for it")

    async def listen(self, listening: Listening = LIVE) -> FakeListener:
        self.check(listening)
        self.asked.append(listening)
        if self.active >= self.slots:
            raise CapacityError(f"all {self.slots} slots have live streams; close one")
        self.active += 1
        self.opened.append(FakeListener(self, listening.mode is not Mode.RECORDING))
        return self.opened[-1]

    def gauges(self) -> Gauges:
        return Gauges(self.active, 0, 0, 0, 0, rung=self.rung)


class LoudnessDetector:
    """Takes everything that is not silent for speech."""

    samples = 512

    def voice(self, piece: Samples) -> float:
        return float(np.abs(piece).max() > 0.01)
