"""The process: models are loaded behind an open port, requests are served, and a signal ends it in order."""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.energy import EnergyDetector, GatedDetector
from speechtrt.runtime.asr.vad import SileroDetector, VoiceDetector
from speechtrt.runtime.interpreter import settle
from speechtrt.runtime.serving.app import operator_app, web_app
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.loop_lag import watch_lag
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.tracing import Tracing
from speechtrt.runtime.serving.fleet.chronicle import Chronicle
from speechtrt.runtime.serving.fleet.reload import Reload
from speechtrt.runtime.serving.fleet.swapper import Swapper
from speechtrt.runtime.serving.fleet.trials import Trials
from speechtrt.runtime.serving.http.admin import AdminEndpoints
from speechtrt.runtime.serving.listening import Listener, listen, operator_address
from speechtrt.runtime.serving.models.opening import OpeningOptions, engine_folders, open_engines, opened
from speechtrt.runtime.serving.realtime.socket import RealtimeEndpoint
from speechtrt.runtime.serving.riva.server import grpc_server
from speechtrt.runtime.serving.settings import Settings, admin_keys, api_keys

LOG = logging.getLogger("speechtrt.server")
POLL_SECONDS = 0.05
DETECTORS: dict[str, Callable[[], VoiceDetector]] = {
    "energy": EnergyDetector,
    "silero": partial(GatedDetector, SileroDetector),
}
CUT_SECONDS = 2.0  # for final results once the time to drain is over


@dataclass(slots=True)
class Process:
    """One server from start to stop. `read` gives the settings anew when they are to be read again."""

    settings: Settings
    lifecycle: Lifecycle
    read: Callable[[], Settings]
    service: Service | None = None
    _reloading: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self) -> None:
        """Serve until a signal comes and everything in flight has ended. Raises any error of the start."""
        with ExitStack() as models:
            async with AsyncExitStack() as listening:
                public = await listening.enter_async_context(listen(self.settings, self.lifecycle))
                operators = None
                if (address := operator_address(self.settings)) is not None:
                    operators = await listening.enter_async_context(listen(self.settings, self.lifecycle, address))
                _ignore_hang_up()
                await asyncio.to_thread(self._load, models)
                assert self.service is not None
                await self._serve(self.service, public, operators)

    def _load(self, models: ExitStack) -> None:
        settings = self.settings
        catalogue = models.enter_context(
            opened(engine_folders(settings.engines), self._opening(), settings.aliases, settings.limits)
        )
        keyring = Keyring.of(api_keys(settings))
        tracing = Tracing.to(settings.traces)
        models.callback(tracing.close)
        self.service = Service.of(catalogue, keyring, settings.limits, self.lifecycle, settings.routing, tracing)

    async def _serve(self, service: Service, public: Listener, operators: Listener | None) -> None:
        """Everything is loaded."""
        swapper = Swapper(
            service,
            Chronicle(service.metrics),
            self.settings.acceptance,
            lambda folder, like: open_engines(folder, self._opening(), like),
            self.settings.engine_root,
            settle,
        )
        reload = Reload(self.settings, self.read, swapper)
        trials = Trials(swapper, self.settings.canary)
        service.metrics.watchers.append(trials)
        admin = AdminEndpoints(swapper, trials, Keyring.of(admin_keys(self.settings)), reload)
        async with (
            grpc_server(service, self._grpc_address(), self._tls()) as grpc_port,
            self._wyoming(service) as wyoming_port,
        ):
            realtime = RealtimeEndpoint(service, self.settings.origins, DETECTORS[self.settings.turn_detector])
            public.front.turn_away = realtime.turn_away
            public.front.app = web_app(service, realtime, None if operators else admin)
            where: dict[str, object] = {"host": public.host, "port": public.port, "grpc_port": grpc_port}
            if operators:
                operators.front.app = operator_app(service, admin)
                where["operator_port"] = operators.port
            if wyoming_port is not None:
                where["wyoming_port"] = wyoming_port
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, partial(self._hang_up, reload))
            settle()
            self.lifecycle.start()
            LOG.info("ready", extra={"fields": {**where, **self._models()}})
            lag = asyncio.create_task(watch_lag(service.lagged))
            await self._until_drained(public.serving)
            lag.cancel()
            await swapper.close()

    def _wyoming(self, service: Service) -> AbstractAsyncContextManager[int | None]:
        """Off by default, and then its library is not needed."""
        port = self.settings.wyoming_port
        if port is None:
            return nullcontext()
        from speechtrt.runtime.serving.wyoming.server import wyoming_server

        return wyoming_server(service, (self.settings.host, port))

    def _hang_up(self, reload: Reload) -> None:
        task = asyncio.create_task(_reloaded(reload))
        self._reloading.add(task)
        task.add_done_callback(self._reloading.discard)

    async def _until_drained(self, serving: asyncio.Task[None]) -> None:
        """Wait for the signal, then for requests in flight; those that take too long are told to finish."""
        assert self.service is not None
        draining = asyncio.create_task(self.lifecycle.drained())
        await asyncio.wait({serving, draining}, return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        LOG.info("draining", extra={"fields": {"in_flight": self.service.in_flight}})
        if not await self._wait_idle(serving, self.service.limits.drain_seconds):
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

    def _opening(self) -> OpeningOptions:
        settings = self.settings
        return OpeningOptions(
            settings.speech_slots,
            settings.stream_slots,
            queue=settings.limits.queue,
            decoding=settings.decoding,
            guard_share=settings.guard_share,
        )

    def _grpc_address(self) -> str:
        host = self.settings.host
        return f"[{host}]:{self.settings.grpc_port}" if ":" in host else f"{host}:{self.settings.grpc_port}"

    def _tls(self) -> tuple[Path, Path] | None:
        certificate, key = self.settings.tls_certificate, self.settings.tls_key
        return (certificate, key) if certificate and key else None

    def _models(self) -> dict[str, object]:
        assert self.service is not None
        models = [f"{m.card.name} ({m.card.engine})" for m in self.service.catalogue.models]
        return {"models": models, "keys": len(self.service.keyring.digests)}


def _ignore_hang_up() -> None:
    """Until there is something to reload; by default this signal would end the process."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


async def _reloaded(reload: Reload) -> None:
    try:
        done = await reload()
    except SpeechTRTError as error:
        LOG.error("reload failed", extra={"fields": {"reason": str(error)}})
    else:
        fields = {"served": done.served, "failed": done.failed, "restart": done.restart}
        LOG.info("reloaded", extra={"fields": fields})
