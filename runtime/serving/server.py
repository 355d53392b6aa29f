"""The process: models are loaded behind an open port, requests are served, and a signal ends it in order."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from speechtrt.runtime.asr.energy import EnergyDetector, GatedDetector
from speechtrt.runtime.asr.vad import SileroDetector, VoiceDetector
from speechtrt.runtime.serving.app import web_app
from speechtrt.runtime.serving.binding import bound_socket, load
from speechtrt.runtime.serving.core.keys import Keyring, read_keys
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.http.front import Front
from speechtrt.runtime.serving.models.opening import Slots, engine_folders, opened
from speechtrt.runtime.serving.realtime.socket import RealtimeEndpoint
from speechtrt.runtime.serving.riva.server import grpc_server
from speechtrt.runtime.serving.settings import Settings

LOG = logging.getLogger("speechtrt.server")
KEYS = "SPEECHTRT_API_KEYS"
LARGEST_MESSAGE = 16 * 1024 * 1024  # 15 MiB of base64 and its envelope
POLL_SECONDS = 0.05
DETECTORS: dict[str, Callable[[], VoiceDetector]] = {
    "energy": EnergyDetector,
    "silero": partial(GatedDetector, SileroDetector),
}
CUT_SECONDS = 2.0  # for final results once the time to drain is over


class Listening(uvicorn.Server):
    """A uvicorn server that leaves signals to the process; a second one ends it at once."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self.lifecycle = lifecycle

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; the second time, stop."""
        if self.lifecycle.leaving:
            self.force_exit = self.should_exit = True
        self.lifecycle.drain()


@dataclass(slots=True)
class Process:
    """One server from start to stop."""

    settings: Settings
    lifecycle: Lifecycle
    service: Service | None = None

    async def run(self) -> None:
        """Serve until a signal comes and everything in flight has ended. Raises any error of the start."""
        front = Front(self.lifecycle)
        server = Listening(self._config(front), self.lifecycle)
        load(server.config)
        listening = bound_socket(self.settings)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        with ExitStack() as models:
            try:
                await asyncio.to_thread(self._load, models)
                assert self.service is not None
                async with grpc_server(self.service, self._grpc_address(), self._tls()) as grpc_port:
                    front.app = web_app(self.service, self._realtime(self.service))
                    self.lifecycle.start()
                    host, port = listening.getsockname()[:2]
                    LOG.info(
                        "ready",
                        extra={"fields": {"host": host, "port": port, "grpc_port": grpc_port, **self._models()}},
                    )
                    await self._until_drained(serving)
            finally:
                self.lifecycle.stop()
                server.should_exit = True
                await serving

    def _realtime(self, service: Service) -> RealtimeEndpoint:
        return RealtimeEndpoint(service, self.settings.origins, DETECTORS[self.settings.turn_detector])

    def _load(self, models: ExitStack) -> None:
        settings = self.settings
        slots = Slots(settings.speech_slots, settings.stream_slots, queue=settings.limits.queue)
        folders = engine_folders(settings.engines)
        catalogue = models.enter_context(opened(folders, slots, settings.aliases))
        self.service = Service.of(catalogue, Keyring.of(api_keys(settings)), settings.limits, self.lifecycle)

    async def _until_drained(self, serving: asyncio.Task[None]) -> None:
        """Wait for the signal, then for requests in flight; those that take too long are told to finish."""
        assert self.service is not None
        draining = asyncio.create_task(self.lifecycle.drained())
        await asyncio.wait({serving, draining}, return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        LOG.info("draining", extra={"fields": {"in_flight": self.service.in_flight}})
        if not await self._wait_idle(serving, self.settings.limits.drain_seconds):
            self.lifecycle.stop()
            await self._wait_idle(serving, CUT_SECONDS)
        LOG.info("stopped", extra={"fields": {"cut": self.service.in_flight}})

    async def _wait_idle(self, serving: asyncio.Task[None], seconds: float) -> bool:
        assert self.service is not None
        try:
            async with asyncio.timeout(seconds):
                while self.service.in_flight and not serving.done():
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True

    def _config(self, front: Front) -> uvicorn.Config:
        settings = self.settings
        return uvicorn.Config(
            front,
            http="h11",
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=False,  # base64 of sound does not shrink enough to be worth the time
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            timeout_graceful_shutdown=1,
        )

    def _grpc_address(self) -> str:
        host = self.settings.host
        return f"[{host}]:{self.settings.grpc_port}" if ":" in host else f"{host}:{self.settings.grpc_port}"

    def _tls(self) -> tuple[Path, Path] | None:
        certificate, key = self.settings.tls_certificate, self.settings.tls_key
        return (certificate, key) if certificate and key else None

    def _models(self) -> dict[str, object]:
        assert self.service is not None
        models = [f"{card.name} ({card.engine})" for card in self.service.catalogue.cards]
        return {"models": models, "keys": len(self.service.keyring.digests)}


def api_keys(settings: Settings) -> tuple[str, ...]:
    """Keys of the file and of the environment. Raises ManifestError."""
    found = tuple(key.strip() for key in os.environ.get(KEYS, "").split(",") if key.strip())
    return found if settings.api_key_file is None else (*found, *read_keys(settings.api_key_file))
