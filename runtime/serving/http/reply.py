"""Values as responses."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response


def json_response(
    value: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON document."""
    return Response(msgspec.json.encode(value), status, dict(headers or {}), "application/json")


def server_sent(value: object) -> bytes:
    """One server-sent event with a JSON document."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
