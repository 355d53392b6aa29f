"""What operators may ask: which engine sets serve, and another one in their place. It takes a key of its own kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.release import Release
from speechtrt.runtime.serving.core.shelf import Shelf, Trial
from speechtrt.runtime.serving.fleet.swapper import Swapper
from speechtrt.runtime.serving.fleet.trials import Trials
from speechtrt.runtime.serving.http.body import parse
from speechtrt.runtime.serving.http.identity import identify
from speechtrt.runtime.serving.http.reply import json_response

LARGEST_BODY = 4096


class SwapBody(msgspec.Struct, frozen=True):
    """The name of an engine set beside those that serve."""

    engines: str


class TrialBody(SwapBody, frozen=True):
    """Such an engine set, and its share of the new requests."""

    share: Annotated[float, Meta(gt=0, le=1)] = 0.1


@dataclass(frozen=True, slots=True)
class AdminEndpoints:
    """Everything below `/admin`. `reload` reads the configuration again and tells what that has changed."""

    swapper: Swapper
    trials: Trials
    keyring: Keyring
    reload: Callable[[], Any]

    def routes(self) -> list[BaseRoute]:
        """None without keys: then nobody may change what serves."""
        if not self.keyring.digests:
            return []
        return [
            Route("/admin/models", self.models),
            Route("/admin/models/{name}/swap", self.swap, methods=["POST"]),
            Route("/admin/models/{name}/canary", self.start, methods=["POST"]),
            Route("/admin/models/{name}/promote", self.promote, methods=["POST"]),
            Route("/admin/models/{name}/rollback", self.roll_back, methods=["POST"]),
            Route("/admin/reload", self.reread, methods=["POST"]),
        ]

    async def models(self, request: Request) -> Response:
        """Every engine set that is open, and what happened to them."""
        identify(request, self.keyring)
        shelves = self.swapper.service.catalogue.shelves
        happenings = msgspec.to_builtins(list(self.swapper.chronicle.happenings))
        return json_response({"models": [_shelf(shelf) for shelf in shelves], "happenings": happenings})

    async def swap(self, request: Request) -> Response:
        """Serve a model by another engine set; the answer comes when it does. Raises Refusal; then nothing changed."""
        name = self._name(request)
        body = await parse(request, SwapBody, LARGEST_BODY)
        await self.swapper.swap(name, self.swapper.folder(name, body.engines))
        return self._state(name)

    async def start(self, request: Request) -> Response:
        """Try an engine set with a share of the new requests. Raises Refusal; then nothing changed."""
        name = self._name(request)
        body = await parse(request, TrialBody, LARGEST_BODY)
        await self.trials.start(name, self.swapper.folder(name, body.engines), body.share)
        return self._state(name)

    async def promote(self, request: Request) -> Response:
        """Serve by the engine set on trial. Raises Refusal when there is none."""
        name = self._name(request)
        self.trials.promote(name)
        return self._state(name)

    async def roll_back(self, request: Request) -> Response:
        """Give up the engine set on trial. Raises Refusal when there is none."""
        name = self._name(request)
        self.trials.roll_back(name, "an operator asked for it")
        return self._state(name)

    async def reread(self, request: Request) -> Response:
        """As the signal SIGHUP."""
        identify(request, self.keyring)
        return json_response(await self.reload())

    def _name(self, request: Request) -> str:
        identify(request, self.keyring)
        return str(request.path_params["name"])

    def _state(self, name: str) -> Response:
        return json_response(_shelf(self.swapper.service.catalogue.named(name)))


def _shelf(shelf: Shelf[Any]) -> dict[str, object]:
    return {
        "name": shelf.name,
        "stable": _release(shelf.stable),
        "trial": _trial(shelf.trial) if shelf.trial else None,
        "retiring": [_release(release) for release in shelf.retiring],
    }


def _trial(trial: Trial[Any]) -> dict[str, object]:
    canary = trial.canary
    comparisons: object = msgspec.to_builtins(canary.comparisons())
    numbers = {"share": canary.share, "ended": canary.ended, "failed": canary.failed, "comparisons": comparisons}
    return {**_release(trial.release), **numbers}


def _release(release: Release[Any]) -> dict[str, object]:
    card = release.card
    return {
        "version": card.version,
        "engine": card.engine,
        "engines": str(release.opened.folder),
        "in_flight": release.door.active,
    }
