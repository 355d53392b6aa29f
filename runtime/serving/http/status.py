"""Who is here and how it goes: models, health, metrics."""

from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.ports import Model, Speaker
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.http.identity import identify
from speechtrt.runtime.serving.http.reply import json_response


@dataclass(frozen=True, slots=True)
class HealthEndpoints:
    """What orchestrators ask; the names are KServe's."""

    lifecycle: Lifecycle

    async def live(self, request: Request) -> Response:
        """The process answers."""
        return json_response({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether new requests are welcome: not while the server starts or drains, but also when it is full."""
        status = HTTPStatus.OK if self.lifecycle.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return json_response({"ready": self.lifecycle.ready, "state": self.lifecycle.state.value}, status)


@dataclass(frozen=True, slots=True)
class StatusEndpoints:
    """What scrapers and curious clients ask."""

    service: Service

    async def models(self, request: Request) -> Response:
        """Every model, as OpenAI lists them."""
        identify(request, self.service.keyring)
        return json_response({"object": "list", "data": [_model(model) for model in self.service.catalogue.models]})

    async def model(self, request: Request) -> Response:
        """One model. Raises Refusal."""
        identify(request, self.service.keyring)
        name = request.path_params["name"]
        for model in self.service.catalogue.models:
            if model.card.name == name:
                return json_response(_model(model))
        message = f"no model {name[:80]!r}; /v1/models lists those that exist"
        raise Refusal(Reason.UNKNOWN, message, code="model_not_found", param="model")

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        return Response(self.service.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _model(model: Model) -> dict[str, object]:
    """As OpenAI describes a model; `voices` is ours."""
    card = model.card
    voices = {"voices": list(model.voices)} if isinstance(model, Speaker) else {}
    return {"id": card.name, "object": "model", "created": card.created, "owned_by": "speechtrt", **voices}
