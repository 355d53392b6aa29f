"""What operators may ask: which engine sets serve, and another one in their place. It takes a key of its own kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.release import Release
from speechtrt.runtime.serving.core.shelf import Shelf
from speechtrt.runtime.serving.fleet.swapper import Swapper
from speechtrt.runtime.serving.http.body import parse
from speechtrt.runtime.serving.http.identity import identify
from speechtrt.runtime.serving.http.reply import json_response

LARGEST_BODY = 4096


class SwapBody(msgspec.Struct, frozen=True):
    """The name of an engine set beside those that serve."""

    engines: str


@dataclass(frozen=True, slots=True)
class AdminEndpoints:
    """Everything below `/admin`. `reload` reads the configuration again and tells what that has changed."""

    swapper: Swapper
    keyring: Keyring
    reload: Callable[[], Any]

    def routes(self) -> list[BaseRoute]:
        """None without keys: then nobody may change what serves."""
        if not self.keyring.digests:
            return []
        return [
            Route("/admin/models", self.models),
            Route("/admin/models/{name}/swap", self.swap, methods=["POST"]),
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
        identify(request, self.keyring)
        name = request.path_params["name"]
        body = await parse(request, SwapBody, LARGEST_BODY)
        await self.swapper.swap(name, self.swapper.folder(name, body.engines))
        return json_response(_shelf(self.swapper.service.catalogue.named(name)))

    async def reread(self, request: Request) -> Response:
        """As the signal SIGHUP."""
        identify(request, self.keyring)
        return json_response(await self.reload())


def _shelf(shelf: Shelf[Any]) -> dict[str, object]:
    return {
        "name": shelf.name,
        "stable": _release(shelf.stable),
        "retiring": [_release(release) for release in shelf.retiring],
    }


def _release(release: Release[Any]) -> dict[str, object]:
    card = release.card
    return {
        "version": card.version,
        "engine": card.engine,
        "engines": str(release.opened.folder),
        "in_flight": release.door.active,
    }
