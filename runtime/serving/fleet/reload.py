"""The configuration read again while the server runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.fleet.chronicle import Act
from speechtrt.runtime.serving.fleet.swapper import Swapper
from speechtrt.runtime.serving.models.opening import engine_folders
from speechtrt.runtime.serving.settings import Settings, api_keys

TAKEN_OVER = ("engines", "api_key_file", "limits")
KEPT_LIMITS = ("queue", "body_bytes")  # what was sized by them at the start stays as large


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload did: versions by model, why others stayed as they were, and settings that need a restart."""

    served: dict[str, str]
    failed: dict[str, str]
    restart: tuple[str, ...]


@dataclass(slots=True)
class Reload:
    """Takes over engine sets, API keys and limits; whatever else has changed is named, and needs a restart."""

    settings: Settings
    read: Callable[[], Settings]
    swapper: Swapper

    async def __call__(self) -> Reloaded:
        """Swap what has changed. Raises ConfigError, ManifestError or Refusal; then nothing has."""
        try:
            settings = await asyncio.to_thread(self.read)
            keyring = Keyring.of(api_keys(settings))
            folders = await asyncio.to_thread(engine_folders, settings.engines)
        except SpeechTRTError as error:
            self.swapper.chronicle.note(Act.FAILED, "", "", f"reload: {error}")
            raise
        service = self.swapper.service
        service.keyring.digests = keyring.digests
        service.limit(replace(settings.limits, **{name: getattr(service.limits, name) for name in KEPT_LIMITS}))
        served, failed = {}, {}
        for folder in folders:
            name = folder.manifest.model.name
            try:
                served[name] = await self.swapper.swap(name, Path(folder.path))
            except SpeechTRTError as error:
                failed[name] = str(error)
        gone = [s.name for s in service.catalogue.shelves if s.name not in served and s.name not in failed]
        failed |= dict.fromkeys(gone, "is no longer configured; it is served until a restart")
        return Reloaded(served, failed, self._changed(settings))

    def _changed(self, settings: Settings) -> tuple[str, ...]:
        names = [f.name for f in fields(Settings) if f.name not in TAKEN_OVER]
        changed = [name for name in names if getattr(settings, name) != getattr(self.settings, name)]
        now, limits = self.swapper.service.limits, settings.limits
        return (*changed, *(f"limits.{n}" for n in KEPT_LIMITS if getattr(limits, n) != getattr(now, n)))
