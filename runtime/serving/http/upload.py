"""The form of a transcription request."""

from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.policy.routing import Utterance
from speechtrt.runtime.serving.core.ports import Listening, Mode
from speechtrt.runtime.serving.core.prompt import phrases
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.http.body import expect_length, too_large

MOST_FIELDS = 64
LONGEST_FIELD = 16 * 1024


class Shape(StrEnum):
    """What the text is sent as."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


GRANULARITIES = ("word", "segment")


@dataclass(frozen=True, slots=True)
class Form:
    """A recording, and what to do with it. `keywords` and the phrases of the `prompt` are likely to be said in it."""

    file: bytes
    model: str | None
    shape: Shape
    stream: bool
    language: str | None
    granularities: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    prompt: str | None = None

    @property
    def utterance(self) -> Utterance:
        """What is known of it before it is heard."""
        return Utterance(self.language, text=" ".join((*self.keywords, self.prompt or "")))

    def listening(self, mode: Mode) -> Listening:
        """How it is heard. Raises TextError."""
        return Listening(mode, hot_words=tuple(map(HotPhrase, self.keywords)), hints=phrases(self.prompt))


async def read_form(request: Request, limit: int) -> Form:
    """The form of a request whose body has at most `limit` bytes. Raises Refusal."""
    expect_length(request, limit)
    counted = Request(request.scope, _Counter(request, limit).receive)
    try:
        async with counted.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD) as data:
            return await _form(data)
    except HTTPException as error:
        raise Refusal(Reason.INVALID, f"the body is not a form: {error.detail}", code="invalid_form") from error


@dataclass(slots=True)
class _Counter:
    """Counts the bytes of a body while they arrive."""

    request: Request
    limit: int
    total: int = 0

    async def receive(self) -> Message:
        message = await self.request.receive()
        self.total += len(message.get("body", b""))
        if self.total > self.limit:
            raise too_large(self.limit)
        return message


async def _form(data: FormData) -> Form:
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Refusal(Reason.INVALID, "the form has no file; send the recording as `file`", param="file")
    return Form(
        file=await file.read(),
        model=_text(data, "model"),
        shape=_shape(_text(data, "response_format") or Shape.JSON),
        stream=_flag(_text(data, "stream")),
        language=_text(data, "language"),
        granularities=_granularities(data),
        keywords=tuple(str(value) for value in data.getlist("keywords[]")),
        prompt=_text(data, "prompt"),
    )


def _text(data: FormData, name: str) -> str | None:
    value = data.get(name)
    if isinstance(value, UploadFile):
        raise Refusal(Reason.INVALID, f"{name} is a file; expected text", param=name)
    return value or None


def _shape(name: str) -> Shape:
    try:
        return Shape(name)
    except ValueError as error:
        known = ", ".join(Shape)
        raise Refusal(
            Reason.INVALID, f"no response format {name[:40]!r}; expected one of: {known}", param="response_format"
        ) from error


def _flag(value: str | None) -> bool:
    match (value or "false").lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise Refusal(Reason.INVALID, "stream is neither true nor false", param="stream")


def _granularities(data: FormData) -> tuple[str, ...]:
    found = tuple(str(value) for value in data.getlist("timestamp_granularities[]")) or ("segment",)
    if wrong := [value for value in found if value not in GRANULARITIES]:
        message = f"no timestamp granularity {wrong[0][:40]!r}; expected word or segment"
        raise Refusal(Reason.INVALID, message, param="timestamp_granularities[]")
    return found
