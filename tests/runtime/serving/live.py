"""The application over fake models on a real socket, on port 0, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from speechtrt.bundle import Task
from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.policy.canary import CanaryRules
from speechtrt.runtime.serving.app import web_app
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Hearer
from speechtrt.runtime.serving.core.router import Routing
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.specimen import Specimen
from speechtrt.runtime.serving.core.tracing import Tracing
from speechtrt.runtime.serving.fleet.acceptance import Acceptance
from speechtrt.runtime.serving.fleet.chronicle import Chronicle
from speechtrt.runtime.serving.fleet.swapper import Swapper
from speechtrt.runtime.serving.fleet.trials import Trials
from speechtrt.runtime.serving.http.admin import AdminEndpoints
from speechtrt.runtime.serving.http.front import Front
from speechtrt.runtime.serving.models.opening import version_of
from speechtrt.runtime.serving.realtime.direct import DirectWebSocket
from speechtrt.runtime.serving.realtime.socket import RealtimeEndpoint
from speechtrt.runtime.serving.riva.server import grpc_server
from speechtrt.runtime.serving.wyoming.server import wyoming_server
from tests.runtime.serving.fakes import FakeHearer, FakeSpeaker, LoudnessDetector

CANARY = CanaryRules(samples=10, look_seconds=0.0)


@dataclass(slots=True)
class Live:
    """A running server; `loop` is where its events and queues live."""

    port: int
    grpc_port: int
    wyoming_port: int
    service: Service
    speaker: FakeSpeaker
    hearer: FakeHearer
    loop: asyncio.AbstractEventLoop
    closed: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **settings: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **settings)  # type: ignore[arg-type]

    def hold(self) -> None:
        """Let no speech and no final come on."""
        self.loop.call_soon_threadsafe(self.speaker.gate.clear)
        self.loop.call_soon_threadsafe(self.hearer.gate.clear)

    def release(self) -> None:
        self.loop.call_soon_threadsafe(self.speaker.gate.set)
        self.loop.call_soon_threadsafe(self.hearer.gate.set)


def fake_swapper(service: Service, closed: list[str]) -> Swapper:
    """Any engine set that is swapped in is a fake with the engine set's version, which is `closed` in the end."""

    def opened(folder: EngineFolder, like: Specimen | None) -> Opened[Any]:
        kind = FakeSpeaker if folder.manifest.model.task is Task.TTS else FakeHearer
        model = kind(service.catalogue.hearer(None).card.slots, version=version_of(folder))
        return Opened(model, lambda: closed.append(model.card.version), folder.path)

    return Swapper(service, Chronicle(service.metrics), Acceptance(), opened)


def fake_service(
    limits: Limits,
    keys: tuple[str, ...] = (),
    slots: int = 4,
    routing: Routing | None = None,
    tracing: Tracing | None = None,
) -> Service:
    speaker, hearer = FakeSpeaker(slots), FakeHearer(slots)
    aliases = {"tts-1": "tiny-voice", "whisper-1": "tiny-ctc", "alloy": "ben"}
    others = [
        FakeHearer(slots, name=name) for name in (routing.models.values() if routing else ()) if name != "tiny-ctc"
    ]
    hearers: list[Opened[Hearer]] = [Opened(found) for found in (hearer, *others)]
    catalogue = Catalogue.of([Opened(speaker)], hearers, aliases, limits)
    service = Service.of(catalogue, Keyring.of(keys), limits, Lifecycle(), routing, tracing)
    service.lifecycle.start()
    return service


async def _nothing() -> dict[str, str]:
    return {}


@contextmanager
def serving(
    limits: Limits | None = None,
    keys: tuple[str, ...] = (),
    slots: int = 4,
    admin_keys: tuple[str, ...] = (),
    engines: Path | None = None,
    rules: CanaryRules = CANARY,
    routing: Routing | None = None,
    tracing: Tracing | None = None,
    protocol: type[WebSocketsSansIOProtocol] = DirectWebSocket,
) -> Iterator[Live]:
    ready = threading.Event()
    box: list[Live] = []
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        service = fake_service(limits or Limits(), keys, slots, routing, tracing)
        closed: list[str] = []
        swapper = fake_swapper(service, closed)
        swapper.root = engines
        trials = Trials(swapper, rules)
        service.metrics.watchers.append(trials)
        admin = AdminEndpoints(swapper, trials, Keyring.of(admin_keys), _nothing)
        realtime = RealtimeEndpoint(service, make_detector=LoudnessDetector)
        config = uvicorn.Config(
            Front(service.lifecycle, web_app(service, realtime, admin), realtime.turn_away),
            port=0,
            log_config=None,
            ws=protocol,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        servers.append(server)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        speaker, hearer = service.catalogue.speaker(None), service.catalogue.hearer(None)
        assert isinstance(speaker, FakeSpeaker) and isinstance(hearer, FakeHearer)
        async with AsyncExitStack() as ports:
            grpc_port = await ports.enter_async_context(grpc_server(service, "127.0.0.1:0"))
            wyoming = 0 if keys else await ports.enter_async_context(wyoming_server(service, ("127.0.0.1", 0)))
            box.append(Live(port, grpc_port, wyoming, service, speaker, hearer, asyncio.get_running_loop(), closed))
            ready.set()
            await task

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield box[0]
    finally:
        servers[0].should_exit = True
        thread.join(60)
        assert not thread.is_alive()
