"""A session's configuration, and how `session.update` changes it: what is absent stays, null clears."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.pcm import Encoding
from speechtrt.runtime.serving.core.ports import Listening
from speechtrt.runtime.serving.core.prompt import phrases
from speechtrt.runtime.serving.core.refusal import Reason, Refusal

TELEPHONE_RATE = 8000
RATES = (24_000, 16_000, 8_000)
ENCODINGS = {"audio/pcm": Encoding.PCM16, "audio/pcmu": Encoding.MULAW, "audio/pcma": Encoding.ALAW}
FORMATS = {encoding: name for name, encoding in ENCODINGS.items()}


@dataclass(frozen=True, slots=True)
class ServerVad:
    """The server finds turns: probability of speech that begins one, sound kept before it, silence that ends it."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500


@dataclass(frozen=True, slots=True)
class Config:
    """What a session does with its audio. Without `turn_detection` the client commits its turns."""

    model: str
    encoding: Encoding = Encoding.PCM16
    rate: int = 24_000
    language: str | None = None
    prompt: str | None = None
    keywords: tuple[str, ...] = ()
    turn_detection: ServerVad | None = ServerVad()

    @property
    def listening(self) -> Listening:
        """How its turns are heard. Raises TextError."""
        return Listening(hot_words=tuple(map(HotPhrase, self.keywords)), hints=phrases(self.prompt))

    def describe(self) -> dict[str, object]:
        """As clients read it."""
        sound: dict[str, object] = {"type": FORMATS[self.encoding]}
        if self.encoding is Encoding.PCM16:
            sound["rate"] = self.rate
        vad = self.turn_detection
        transcription: dict[str, object] = {"model": self.model, "language": self.language, "prompt": self.prompt}
        if self.keywords:
            transcription["keywords"] = list(self.keywords)
        return {
            "input": {
                "format": sound,
                "transcription": transcription,
                "noise_reduction": None,
                "turn_detection": {"type": "server_vad", **msgspec.to_builtins(vad)} if vad else None,
            }
        }


class FormatPatch(msgspec.Struct):
    """How samples are written."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
    rate: int | None = None


class TranscriptionPatch(msgspec.Struct):
    """The model and hints to it."""

    model: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    prompt: str | UnsetType | None = UNSET
    keywords: tuple[str, ...] | UnsetType | None = UNSET


class TurnDetectionPatch(msgspec.Struct):
    """Who ends a turn, and when."""

    type: Literal["server_vad", "semantic_vad"]
    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType | None = UNSET
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=5000)] | UnsetType | None = UNSET
    silence_duration_ms: Annotated[int, Meta(ge=50, le=10000)] | UnsetType | None = UNSET


class InputPatch(msgspec.Struct):
    """Audio that comes in. `noise_reduction` is accepted and has no effect."""

    format: FormatPatch | UnsetType | None = UNSET
    transcription: TranscriptionPatch | UnsetType | None = UNSET
    turn_detection: TurnDetectionPatch | UnsetType | None = UNSET
    noise_reduction: Any = UNSET


class AudioPatch(msgspec.Struct):
    """Audio of a session; there is none that goes out."""

    input: InputPatch | UnsetType | None = UNSET


class SessionPatch(msgspec.Struct):
    """What `session.update` may change."""

    type: Literal["transcription"]
    audio: AudioPatch | UnsetType | None = UNSET
    include: list[str] | UnsetType | None = UNSET


def patched(config: Config, patch: SessionPatch, default_model: str) -> Config:
    """The configuration after an update. Raises Refusal."""
    sound = patch.audio.input if patch.audio else None
    if not sound:
        return config
    if sound.format is not UNSET:
        config = _with_format(config, sound.format)
    if sound.transcription is not UNSET:
        config = _with_transcription(config, sound.transcription, default_model)
    if sound.turn_detection is not UNSET:
        config = replace(config, turn_detection=_vad(config.turn_detection, sound.turn_detection))
    return config


def _with_format(config: Config, patch: FormatPatch | None) -> Config:
    if patch is None:
        return replace(config, encoding=Encoding.PCM16, rate=RATES[0])
    encoding = ENCODINGS[patch.type]
    if encoding is not Encoding.PCM16:
        return replace(config, encoding=encoding, rate=TELEPHONE_RATE)
    rate = RATES[0] if patch.rate is None else patch.rate
    if rate not in RATES:
        message = f"a rate of {rate} Hz was asked for; expected one of {', '.join(map(str, RATES))}"
        raise Refusal(Reason.INVALID, message, code="invalid_value", param="session.audio.input.format.rate")
    return replace(config, encoding=encoding, rate=rate)


def _with_transcription(config: Config, patch: TranscriptionPatch | None, default_model: str) -> Config:
    if patch is None:
        return replace(config, model=default_model, language=None, prompt=None, keywords=())
    changes: dict[str, Any] = {n: v for n in ("language", "prompt") if (v := getattr(patch, n)) is not UNSET}
    if patch.keywords is not UNSET:
        changes["keywords"] = patch.keywords or ()
    if patch.model is not UNSET:
        changes["model"] = patch.model or default_model
    return replace(config, **changes)


def _vad(now: ServerVad | None, patch: TurnDetectionPatch | UnsetType | None) -> ServerVad | None:
    if not isinstance(patch, TurnDetectionPatch):
        return None
    if patch.type == "semantic_vad":
        message = "semantic_vad is not served; expected server_vad, or null to commit turns yourself"
        raise Refusal(
            Reason.INVALID, message, code="unsupported_value", param="session.audio.input.turn_detection.type"
        )
    names = ("threshold", "prefix_padding_ms", "silence_duration_ms")
    given = {n: v for n in names if (v := getattr(patch, n)) is not UNSET}
    kept = {n: v for n, v in given.items() if v is not None}
    cleared = {n: getattr(ServerVad(), n) for n in given if given[n] is None}
    return replace(now or ServerVad(), **kept, **cleared)
