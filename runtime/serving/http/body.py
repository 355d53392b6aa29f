"""Request bodies: counted while they arrive, parsed into typed values."""

import re
from typing import TypeVar

import msgspec
from starlette.requests import Request

from speechtrt.runtime.serving.core.refusal import Reason, Refusal

T = TypeVar("T")

FIELD = re.compile(r" - at `\$\.?([^`]*)`$")


async def read(request: Request, limit: int) -> bytes:
    """The whole body. Raises Refusal when it is longer than `limit` bytes, whatever its header says."""
    expect_length(request, limit)
    pieces, total = [], 0
    async for piece in request.stream():
        total += len(piece)
        if total > limit:
            raise too_large(limit)
        pieces.append(piece)
    return b"".join(pieces)


async def parse(request: Request, kind: type[T], limit: int) -> T:
    """The body as a JSON document of `kind`. Raises Refusal."""
    try:
        return msgspec.json.decode(await read(request, limit), type=kind)
    except msgspec.ValidationError as error:
        field = FIELD.search(str(error))
        raise Refusal(
            Reason.INVALID, str(error), code="invalid_value", param=field.group(1) if field else None
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(Reason.INVALID, f"the body is not JSON: {error}", code="invalid_json") from error


def expect_length(request: Request, limit: int) -> None:
    """Refuse a body that announces too many bytes before any is read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Refusal:
    """The refusal of a body of more than `limit` bytes."""
    return Refusal(Reason.TOO_LARGE, f"the body is longer than {limit} bytes, the limit", code="body_too_large")
