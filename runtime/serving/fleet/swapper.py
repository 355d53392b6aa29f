"""Another engine set for a model while it serves: opened beside it, tried, and only then given the new requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.release import Release
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.core.shelf import Shelf
from speechtrt.runtime.serving.core.specimen import Specimen
from speechtrt.runtime.serving.fleet.acceptance import Acceptance
from speechtrt.runtime.serving.fleet.chronicle import Act, Chronicle
from speechtrt.runtime.serving.models.opening import version_of

MOST_RETIRING = 1  # engine sets of a model that finish at the same time: each takes the memory of all its slots


def _nothing() -> None:
    """Memory comes back in its own time."""


@dataclass(slots=True)
class Swapper:
    """Changes what serves. Opening and trying happen in a thread; the event loop only exchanges.

    `root` is the folder in which engine sets are looked for by name; None is the one that the served set lies in.
    `settle` is called when a set has been closed and nothing holds it any more.
    """

    service: Service
    chronicle: Chronicle
    acceptance: Acceptance
    open: Callable[[EngineFolder, Specimen | None], Opened[Any]]
    root: Path | None = None
    settle: Callable[[], None] = _nothing
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closing: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chronicle.declare(shelf.name for shelf in self.service.catalogue.shelves)

    async def swap(self, name: str, path: Path) -> str:
        """Serve new requests for `name` by the engine set at `path`; its version. Raises Refusal; then nothing changed.

        Requests in flight end on the set that they began with, which then closes. A set that has not closed yet takes
        over at once.
        """
        async with self.changing(name, path) as shelf:
            release = await self.prepared(shelf, path)
            if release is not shelf.stable:
                self.install(shelf, release)
        return release.card.version

    def folder(self, name: str, engines: str) -> Path:
        """The engine set called `engines` for a model. Raises Refusal for one that is not among them."""
        stable = self.service.catalogue.named(name).stable.opened.folder
        root = self.root or (stable.parent if stable else None)
        if root is None:
            raise _no_engines(engines)
        try:
            root, path = root.resolve(), (root / engines).resolve()
        except (ValueError, OSError) as error:
            raise _no_engines(engines) from error
        if path == root or not path.is_relative_to(root) or not (path / ENGINE_FILE).is_file():
            raise _no_engines(engines)
        return path

    async def close(self) -> None:
        """Wait for nothing any more; what is open is closed with the server."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    @asynccontextmanager
    async def changing(self, name: str, what: object) -> AsyncIterator[Shelf[Any]]:
        """The engine sets of a model, for one change at a time. Whatever goes wrong is told, and leaves as Refusal."""
        try:
            shelf = self.service.catalogue.named(name)
            async with self._alone():
                if shelf.trial:
                    raise _on_trial(shelf.trial.release)
                yield shelf
        except SpeechTRTError as error:
            self.chronicle.note(Act.FAILED, name, "", str(error))
            if isinstance(error, Refusal):
                raise
            raise Refusal(Reason.CONFLICT, str(error), code="engines_unusable", param="engines") from error
        except Exception as error:
            self.chronicle.note(Act.FAILED, name, "", f"{what}: {type(error).__name__}: {error}")
            raise

    async def prepared(self, shelf: Shelf[Any], path: Path) -> Release[Any]:
        """A release of the set at `path`: one that is still open, or a new one that has passed. Raises any error."""
        folder, version = await asyncio.to_thread(_read, path)
        for release in shelf.releases:
            if release.card.version == version:
                return release
        if len(shelf.retiring) >= MOST_RETIRING:
            waits = sum(release.door.active for release in shelf.retiring)
            what = f"an earlier engine set of {shelf.name} still serves {waits} requests; wait for them"
            raise Refusal(Reason.CONFLICT, what, code="engines_retiring", retry_after=10.0)
        return shelf.release(await asyncio.to_thread(self._tried, folder, shelf.stable.opened))

    def _tried(self, folder: EngineFolder, stable: Opened[Any]) -> Opened[Any]:
        """Runs in a thread."""
        self.acceptance.expect_sound(folder, stable.model.card.name)
        opened = self.open(folder, stable.specimen)
        try:
            self.acceptance.expect_alike(opened, stable)
        except BaseException:
            opened.close()
            raise
        return opened

    def install(self, shelf: Shelf[Any], release: Release[Any], act: Act = Act.SWAPPED) -> None:
        """Let a release serve, and the one before it finish."""
        self.service.metrics.declare(release.card)
        self.retire(shelf, shelf.install(release))
        self.chronicle.note(act, shelf.name, release.card.version, str(release.opened.folder))

    def retire(self, shelf: Shelf[Any], release: Release[Any]) -> None:
        """Close a release once nobody holds it."""
        task = asyncio.create_task(self._closed(shelf, release))
        self._closing.add(task)
        task.add_done_callback(self._let_go)

    def _let_go(self, task: "asyncio.Task[None]") -> None:
        self._closing.discard(task)
        self.settle()

    async def _closed(self, shelf: Shelf[Any], release: Release[Any]) -> None:
        await release.emptied()
        if release not in shelf.retiring:  # it serves again
            return
        shelf.forget(release)
        await asyncio.to_thread(release.opened.close)
        self.service.metrics.forget(release.card)
        self.chronicle.note(Act.CLOSED, shelf.name, release.card.version, "nobody is served by it any more")

    def _alone(self) -> asyncio.Lock:
        if self._busy.locked():
            raise Refusal(
                Reason.CONFLICT, "another engine set is being tried; wait for it", code="busy", retry_after=5.0
            )
        return self._busy


def _read(path: Path) -> tuple[EngineFolder, str]:
    folder = EngineFolder.open(path)
    return folder, version_of(folder)


def _on_trial(release: Release[Any]) -> Refusal:
    what = f"the engine set {release.card.version} is on trial; promote it or roll it back first"
    return Refusal(Reason.CONFLICT, what, code="on_trial")


def _no_engines(name: str) -> Refusal:
    return Refusal(
        Reason.INVALID,
        f"there is no engine set {name[:80]!r}; expected the name of one beside those that are served",
        code="engines_not_found",
        param="engines",
    )
