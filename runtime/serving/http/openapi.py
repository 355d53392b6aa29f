"""The OpenAPI document of the HTTP interface, with the names of the models that are served."""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from speechtrt import __version__
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.http.failure import ErrorBody
from speechtrt.runtime.serving.http.reply import json_response
from speechtrt.runtime.serving.http.speech import SpeechBody
from speechtrt.runtime.serving.http.upload import GRANULARITIES, Shape
from speechtrt.runtime.serving.sound.encoding import MEDIA_TYPES

Document = dict[str, Any]
ERRORS = {
    "400": "The request is wrong",
    "401": "The API key is missing or wrong",
    "404": "There is no such model",
    "413": "The body or the recording is too long",
    "429": "Every place is taken; retry-after-ms says when to come back",
    "500": "The server failed",
    "503": "The server starts or shuts down",
}
TEXT = {"text/plain": {"schema": {"type": "string"}}}
EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}  # one of the stream
EVENTS = {"text/event-stream": {"schema": EVENT}}


@dataclass(frozen=True, slots=True)
class OpenApiEndpoint:
    """Serves the document."""

    service: Service

    async def document(self, request: Request) -> Response:
        """OpenAPI 3.1."""
        return json_response(openapi(self.service))


def openapi(service: Service) -> Document:
    """The document of a server with these models."""
    _, components = msgspec.json.schema_components([SpeechBody, ErrorBody], ref_template="#/components/schemas/{name}")
    _describe_speech(components["SpeechBody"]["properties"], service)
    return {
        "openapi": "3.1.0",
        "info": {"title": "speechtrt", "version": __version__},
        "security": [{"key": []}] if service.keyring.digests else [],
        "paths": {
            "/v1/audio/speech": {"post": _speech()},
            "/v1/audio/transcriptions": {"post": _transcription(service)},
            "/v1/models": {"get": _operation("Every model", _json({"type": "object"}), "401")},
            "/v1/models/{name}": {
                "get": {**_operation("One model", _json({"type": "object"}), "401", "404"), **_name()}
            },
            "/v2/health/live": {"get": _operation("The process answers", _json({"type": "object"}))},
            "/v2/health/ready": {"get": _readiness()},
            "/metrics": {"get": _operation("Figures for Prometheus", TEXT)},
        },
        "components": {"schemas": components, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _describe_speech(fields: Document, service: Service) -> None:
    """What the type cannot say: names, and what this server refuses."""
    catalogue = service.catalogue
    voices = [voice for speaker in catalogue.speakers.values() for voice in speaker.voices]
    fields["input"] |= {"minLength": 1, "maxLength": service.limits.text_characters, "pattern": r"[A-Za-z]"}
    fields["model"] = {"enum": [None, *_names(service, list(catalogue.speakers))]}
    fields["voice"] = {"enum": [None, *_names(service, voices)], "description": "Also {id: name}."}
    fields["speed"] |= {"enum": [1.0]}


def _names(service: Service, known: list[str]) -> list[str]:
    return [*known, *(alias for alias, name in service.catalogue.aliases.items() if name in known)]


def _speech() -> Document:
    sounds = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/SpeechBody"}}}
    return {
        **_operation("Text to speech", {**sounds, **EVENTS}, "400", "401", "404", "413", "429", "500", "503"),
        "requestBody": {"required": True, "content": body},
    }


def _transcription(service: Service) -> Document:
    names = _names(service, list(service.catalogue.hearers))
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "model": {"enum": names},
            "response_format": {"enum": [*Shape]},
            "stream": {"enum": ["true", "false"]},
            "language": {"type": "string", "pattern": "^[a-z]{2}$"},
            "timestamp_granularities[]": {"type": "array", "items": {"enum": [*GRANULARITIES]}},
        },
    }
    answers = {**_json({"type": "object"}), **TEXT, **EVENTS}
    return {
        **_operation("A recording to text", answers, "400", "401", "404", "413", "429", "500", "503"),
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
    }


def _readiness() -> Document:
    operation = _operation("Whether new requests are welcome", _json({"type": "object"}))
    operation["responses"]["503"] = {"description": "Starting or draining", "content": _json({"type": "object"})}
    return operation


def _name() -> Document:
    return {"parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]}


def _operation(summary: str, content: Document, *errors: str) -> Document:
    failure = _json({"$ref": "#/components/schemas/ErrorBody"})
    refused = {status: {"description": ERRORS[status], "content": failure} for status in errors}
    return {"summary": summary, "responses": {"200": {"description": "Done", "content": content}, **refused}}


def _json(schema: Document) -> Document:
    return {"application/json": {"schema": schema}}
