"""The web application: every route of the HTTP interface."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.http.admin import AdminEndpoints
from speechtrt.runtime.serving.http.failure import on_any_error, on_http_error, on_library_error
from speechtrt.runtime.serving.http.openapi import OpenApiEndpoint
from speechtrt.runtime.serving.http.request_log import RequestLog
from speechtrt.runtime.serving.http.speech import SpeechEndpoint
from speechtrt.runtime.serving.http.status import HealthEndpoints, StatusEndpoints
from speechtrt.runtime.serving.http.transcriptions import TranscriptionEndpoint
from speechtrt.runtime.serving.page.routes import page_routes
from speechtrt.runtime.serving.realtime.socket import PATH, RealtimeEndpoint


def web_app(service: Service, realtime: RealtimeEndpoint, admin: AdminEndpoints | None = None) -> Starlette:
    """What clients may ask. Without `admin` operators and Prometheus ask elsewhere."""
    # routes are tried in order, and sessions come most often
    routes = [WebSocketRoute(PATH, realtime.connect), *_routes(service)]
    return _app([*routes, *_operations(service, admin)] if admin else routes)


def operator_app(service: Service, admin: AdminEndpoints) -> Starlette:
    """What operators, probes and Prometheus may ask at an address of their own."""
    return _app([*_health(service), *_operations(service, admin)])


def _app(routes: list[BaseRoute]) -> Starlette:
    return Starlette(
        routes=routes,
        middleware=[Middleware(RequestLog)],
        exception_handlers={
            SpeechTRTError: on_library_error,
            HTTPException: on_http_error,
            Exception: on_any_error,
        },
    )


def _routes(service: Service) -> list[BaseRoute]:
    status = StatusEndpoints(service)
    return [
        Route("/v1/audio/speech", SpeechEndpoint(service).create, methods=["POST"]),
        Route("/v1/audio/transcriptions", TranscriptionEndpoint(service).create, methods=["POST"]),
        Route("/v1/models", status.models),
        Route("/v1/models/{name}", status.model),
        *_health(service),
        Route("/openapi.json", OpenApiEndpoint(service).document),
        *page_routes(),
    ]


def _health(service: Service) -> list[BaseRoute]:
    health = HealthEndpoints(service.lifecycle)
    return [Route("/v2/health/live", health.live), Route("/v2/health/ready", health.ready)]


def _operations(service: Service, admin: AdminEndpoints) -> list[BaseRoute]:
    return [Route("/metrics", StatusEndpoints(service).metrics), *admin.routes()]
