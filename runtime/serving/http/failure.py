"""Refusals in the shape of OpenAI's errors, from which its SDK makes its exception classes."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.refusal import Reason, Refusal, refusal_of
from speechtrt.runtime.serving.http.reply import json_response

STATUS = {
    Reason.INVALID: HTTPStatus.BAD_REQUEST,
    Reason.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Reason.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Reason.UNKNOWN: HTTPStatus.NOT_FOUND,
    Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.CONFLICT: HTTPStatus.CONFLICT,
    Reason.UNREADY: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.DRAINING: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.BROKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
}
TYPES = {
    Reason.UNAUTHENTICATED: "authentication_error",
    Reason.FORBIDDEN: "permission_error",
    Reason.BUSY: "rate_limit_error",
    Reason.UNREADY: "server_error",
    Reason.DRAINING: "server_error",
    Reason.BROKEN: "server_error",
}


class ErrorDetail(msgspec.Struct, frozen=True):
    """What went wrong: `param` names the field at fault, `code` is stable, `message` is for people."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every response that is not a success."""

    error: ErrorDetail


def error_type(reason: Reason) -> str:
    """OpenAI's name of a class of errors."""
    return TYPES.get(reason, "invalid_request_error")


def error_body(refusal: Refusal) -> ErrorBody:
    """The body that tells a client of a refusal."""
    return ErrorBody(ErrorDetail(str(refusal), error_type(refusal.reason), refusal.param, refusal.code))


def refused(refusal: Refusal) -> Response:
    """The response for a refusal, with the time after which a retry is welcome."""
    headers = {}
    if refusal.retry_after is not None:
        milliseconds = max(1, round(refusal.retry_after * 1000))
        headers = {"retry-after-ms": str(milliseconds), "retry-after": str(-(-milliseconds // 1000))}
    if refusal.reason is Reason.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    return json_response(error_body(refusal), STATUS[refusal.reason], headers)


async def on_library_error(request: Request, error: Exception) -> Response:
    """Exception handler for errors of the library."""
    assert isinstance(error, SpeechTRTError)
    return refused(refusal_of(error))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Exception handler for what routing refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    detail = ErrorDetail(f"{request.method} {request.url.path}: {error.detail}", "invalid_request_error", None, None)
    return json_response(ErrorBody(detail), HTTPStatus(error.status_code), dict(error.headers or {}))


async def on_any_error(request: Request, error: Exception) -> Response:
    """Exception handler for a fault of ours; the log has the traceback, the client does not."""
    return refused(Refusal(Reason.BROKEN, "the server failed; its log says why", code="server_error"))
