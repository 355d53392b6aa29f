"""Why a request is not served, before any protocol gives it a number."""

import logging
from enum import Enum

from speechtrt.errors import AudioError, CapacityError, RequestError, SpeechTRTError, TextError

LOG = logging.getLogger("speechtrt.models")
RETRY_SECONDS = 1.0  # after which an overloaded server may have recovered


class Reason(Enum):
    """The closed set of refusals; each protocol maps it to its own codes."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    CONFLICT = "conflict"
    UNREADY = "unready"
    DRAINING = "draining"
    BROKEN = "broken"


class Refusal(RequestError):
    """A refused request: `param` names the field at fault, `retry_after` is in seconds."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = code or reason.value
        self.param = param
        self.retry_after = retry_after


def refusal_of(error: SpeechTRTError) -> Refusal:
    """The refusal that stands for any error of the library; what is no fault of the client's goes to the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, CapacityError):
        return Refusal(Reason.BUSY, str(error), code="capacity", retry_after=RETRY_SECONDS)
    if isinstance(error, TextError | AudioError):
        return Refusal(Reason.INVALID, str(error))
    LOG.error("a model failed", exc_info=error)
    return Refusal(Reason.BROKEN, "the model failed; the server's log says why", code="server_error")
