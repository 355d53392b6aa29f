"""An engine set that nobody is served by any more leaves nothing behind."""

import asyncio
import weakref

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from tests.runtime.serving.fakes import FakeHearer
from tests.runtime.serving.live import fake_service, fake_swapper


class Watched(FakeHearer):
    """One that weak references can name."""


async def swapped() -> list[bool]:
    """Whether the old model was still there whenever memory was settled."""
    service, alive, settled = fake_service(Limits()), list[bool](), asyncio.Event()
    swapper, shelf = fake_swapper(service, []), service.catalogue.named("tiny-ctc")
    swapper.settle = settled.set
    swapper.install(shelf, shelf.release(Opened(Watched(version="v2"))))
    await asyncio.wait_for(settled.wait(), 60)
    settled.clear()
    old = weakref.ref(shelf.stable.opened.model)

    def look() -> None:
        alive.append(old() is not None)
        settled.set()

    swapper.settle = look
    swapper.install(shelf, shelf.release(Opened(Watched(version="v3"))))
    await asyncio.wait_for(settled.wait(), 60)
    return alive


def test_memory_is_settled_once_nothing_holds_a_closed_set() -> None:
    assert asyncio.run(swapped()) == [False]
