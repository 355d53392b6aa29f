"""The seam between protocols and models: something that speaks, something that hears."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from speechtrt.audio import Samples
from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.events import Degraded, Dropped
from speechtrt.runtime.asr.pcm import Plain
from speechtrt.runtime.asr.transcript import Alternative, Word
from speechtrt.runtime.clock import StageTime


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What clients and metrics may know of a model.

    `engine` is e.g. ort-cpu-int8, `version` names the bundle it was built from, `created` is seconds since 1970.
    """

    name: str
    engine: str
    version: str
    rate: int
    slots: int
    languages: tuple[str, ...]
    created: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """How busy a model is now, and what it has done: `rows` and `batch_slots` add up over `batches`.

    `stages` tells where its time went, `rung` where its overload ladder stands (0 is normal), `tripped` whether a guard
    has replaced its engines, `guarded` how often a guard has seen or done what.
    """

    active: int
    waiting: int
    batches: int
    rows: int
    batch_slots: int
    stages: tuple[StageTime, ...] = ()
    rung: int = 0
    tripped: bool = False
    guarded: Mapping[str, int] = field(default_factory=dict)

    @property
    def fill(self) -> float:
        """Mean share of the slots that a batch used; 0 before the first."""
        return self.rows / self.batch_slots if self.batch_slots else 0.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text to speak; `voice` None is the model's first."""

    text: str
    voice: str | None
    seed: int


class Model(Protocol):
    """Something that serves requests."""

    @property
    def card(self) -> ModelCard:
        """Its name, engine, rate in Hz and slots."""

    def gauges(self) -> Gauges:
        """How busy it is."""


@runtime_checkable
class Speaker(Model, Protocol):
    """A TTS model."""

    @property
    def voices(self) -> Sequence[str]:
        """Names of its voices, the default first."""

    def speak(self, utterance: Utterance) -> AsyncGenerator[Samples, None]:
        """Pieces of sound as they are made; closing the generator cancels. Raises TextError or CapacityError."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a stream has said so far: `text` only ever grows, `tail` follows it and may change; `words` come at the end.

    `seconds` of audio have been heard. `alternatives` are a final's readings, if more than one was asked for.
    """

    text: str
    seconds: float
    tail: str = ""
    words: tuple[Word, ...] = ()
    final: bool = False
    alternatives: tuple[Alternative, ...] = ()


News = Heard | Degraded | Dropped


class Listener(Protocol):
    """One stream of speech. It must be closed."""

    async def hear(self, pcm: Plain, rate: int) -> None:
        """Append mono samples; waits while too much is unheard. Raises AudioError."""

    async def end(self) -> None:
        """The audio ends here."""

    def news(self) -> AsyncIterator[News]:
        """What is heard, and what befalls the stream, to the last one after `end`. Raises what ended the stream."""

    async def close(self) -> None:
        """Give up the stream and free its slot; it may be closed twice."""


class Mode(Enum):
    """What a stream tells, and whether it may wait.

    RECORDING tells only the end, GROWING a text that grows; neither loses audio, however busy the model is. LIVE grows
    as well, UTTERANCES has a final for each; somebody speaks to these.
    """

    RECORDING = "recording"
    GROWING = "growing"
    LIVE = "live"
    UTTERANCES = "utterances"


@dataclass(frozen=True, slots=True)
class Listening:
    """How a stream is heard. `silence` is how many seconds of it end an utterance, None leaves that to the model.

    `hot_words` are likely in it; so are `hints`, of which those that the model cannot spell have no effect.
    """

    mode: Mode = Mode.LIVE
    silence: float | None = None
    hot_words: tuple[HotPhrase, ...] = ()
    hints: tuple[str, ...] = ()
    alternatives: int = 1


LIVE = Listening()
RECORDING = Listening(Mode.RECORDING)


class Hearer(Model, Protocol):
    """A recognition model."""

    def check(self, listening: Listening) -> None:
        """Raise TextError for hot words or alternatives that no stream can have."""

    async def listen(self, listening: Listening = LIVE) -> Listener:
        """A new stream with a slot of its own. Raises CapacityError or TextError."""
