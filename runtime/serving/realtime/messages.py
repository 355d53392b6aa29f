"""What clients may say, and what the server says."""

import random

import msgspec

from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.http.body import FIELD
from speechtrt.runtime.serving.http.failure import error_type
from speechtrt.runtime.serving.realtime.config import SessionPatch

TRANSCRIPTION = "conversation.item.input_audio_transcription"
Message = dict[str, object]


class SessionUpdate(msgspec.Struct, tag_field="type", tag="session.update"):
    """Change the configuration."""

    session: SessionPatch


class Append(msgspec.Struct, tag_field="type", tag="input_audio_buffer.append"):
    """Audio, in base64 on the wire."""

    audio: bytes


class Commit(msgspec.Struct, tag_field="type", tag="input_audio_buffer.commit"):
    """The turn ends here."""


class Clear(msgspec.Struct, tag_field="type", tag="input_audio_buffer.clear"):
    """Forget the audio of the turn."""


Request = SessionUpdate | Append | Commit | Clear


class _Kind(msgspec.Struct):
    type: str


class _Id(msgspec.Struct):
    event_id: str | None = None


TYPES = [kind.__struct_config__.tag for kind in (SessionUpdate, Append, Commit, Clear)]
_KIND: msgspec.json.Decoder[_Kind] = msgspec.json.Decoder(_Kind)
_ID: msgspec.json.Decoder[_Id] = msgspec.json.Decoder(_Id)
_REQUEST: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


def identifier(kind: str) -> str:
    """A new id, e.g. event_3f... It is no secret, so no message costs a system call for randomness."""
    return f"{kind}_{random.getrandbits(80):020x}"


def event_id_of(text: str | bytes) -> str | None:
    """The id of a client's event, if it has one."""
    try:
        return _ID.decode(text).event_id
    except (msgspec.DecodeError, RecursionError):
        return None


def parse(text: str | bytes) -> Request:
    """A client's event. Raises Refusal."""
    try:
        return _REQUEST.decode(text)
    except msgspec.ValidationError as error:
        _expect_known(text)
        field = FIELD.search(str(error))
        param = field.group(1) if field else None
        raise Refusal(Reason.INVALID, str(error), code="invalid_value", param=param) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refusal(Reason.INVALID, f"the message is not JSON: {error}", code="invalid_json") from error


def _expect_known(text: str | bytes) -> None:
    """Raise Refusal for a type of event that there is not; other faults are left to the caller."""
    try:
        kind = _KIND.decode(text).type
    except (msgspec.DecodeError, RecursionError):
        return
    if kind not in TYPES:
        message = f"no event of type {kind[:60]!r}; expected one of {', '.join(map(str, TYPES))}"
        raise Refusal(Reason.INVALID, message, code="invalid_value", param="type")


def message(kind: str, **fields: object) -> Message:
    """A server's event."""
    return {"type": kind, "event_id": identifier("event"), **fields}


def failure(refusal: Refusal, event_id: str | None) -> Message:
    """An error about one client's event; the session goes on."""
    detail = {
        "type": error_type(refusal.reason),
        "code": refusal.code,
        "message": str(refusal),
        "param": refusal.param,
        "event_id": event_id,
    }
    return message("error", error=detail)


def committed(item: str, previous: str | None) -> list[Message]:
    """A turn has become an item of the conversation."""
    content = {"type": "input_audio", "transcript": None}
    document = {"id": item, "object": "realtime.item", "type": "message", "role": "user", "status": "completed"}
    whole = {**document, "content": [content]}
    return [
        message("input_audio_buffer.committed", item_id=item, previous_item_id=previous),
        message("conversation.item.added", item=whole, previous_item_id=previous),
        message("conversation.item.done", item=whole, previous_item_id=previous),
    ]


def delta(item: str, text: str) -> Message:
    """More words of an item."""
    return message(f"{TRANSCRIPTION}.delta", item_id=item, content_index=0, delta=text)


def completed(item: str, text: str, seconds: float) -> Message:
    """All words of an item."""
    usage = {"type": "duration", "seconds": round(seconds, 3)}
    return message(f"{TRANSCRIPTION}.completed", item_id=item, content_index=0, transcript=text, usage=usage)


def degraded(rung: int, action: str, reason: str) -> Message:
    """The model gives something up under load, or takes it back (rung 0). This event is ours."""
    return message("speechtrt.overload", rung=rung, action=action, reason=reason)


def dropped(item: str, start: float, seconds: float) -> Message:
    """Audio that overload left unheard. This event is ours."""
    return message(
        "speechtrt.audio_dropped", item_id=item, audio_start_ms=round(start * 1000), duration_ms=round(seconds * 1000)
    )


def failed(item: str, refusal: Refusal) -> Message:
    """An item will have no words."""
    detail = {"type": error_type(refusal.reason), "code": refusal.code, "message": str(refusal), "param": None}
    return message(f"{TRANSCRIPTION}.failed", item_id=item, content_index=0, error=detail)
