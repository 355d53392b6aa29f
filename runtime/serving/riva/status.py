"""Refusals as gRPC status codes."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.incoming import Incoming, serving
from speechtrt.runtime.serving.core.keys import Keyring, bearer
from speechtrt.runtime.serving.core.metrics import Outcome, outcome_of
from speechtrt.runtime.serving.core.refusal import Reason, refusal_of

LOG = logging.getLogger("speechtrt.grpc")
CODES = {
    Reason.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Reason.UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.TOO_LARGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.UNREADY: grpc.StatusCode.UNAVAILABLE,
    Reason.DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.BROKEN: grpc.StatusCode.INTERNAL,
}


@asynccontextmanager
async def answered(context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
    """Errors of the library within the block end the call with their status. The end of the call is logged."""
    start, outcome = time.monotonic(), Outcome.OK
    with serving(Incoming.of(_metadata(context))):
        try:
            yield
        except SpeechTRTError as error:
            outcome, refusal = outcome_of(error), refusal_of(error)
            await context.abort(CODES[refusal.reason], str(refusal))
        except TimeoutError:
            outcome = Outcome.TIMEOUT
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "what was sent was not read for too long")
        except Exception:
            outcome = Outcome.ERROR
            LOG.exception("a call failed")
            await context.abort(grpc.StatusCode.INTERNAL, "the server failed; its log says why")
        except BaseException:
            outcome = Outcome.CANCELLED
            raise
        finally:
            LOG.info("call", extra={"fields": {"outcome": outcome, "seconds": round(time.monotonic() - start, 4)}})


def identify(context: grpc.aio.ServicerContext, keyring: Keyring) -> str:
    """A short name of the key's owner. Raises Refusal."""
    return keyring.identify(bearer(_metadata(context).get("authorization")))


def _metadata(context: grpc.aio.ServicerContext) -> dict[str, str]:
    return dict(context.invocation_metadata() or ())
