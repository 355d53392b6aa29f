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
    service, alive = fake_service(Limits()), list[bool]()
    swapper, shelf = fake_swapper(service, []), service.catalogue.named("tiny-ctc")
    swapper.install(shelf, shelf.release(Opened(Watched(version="v2"))))
    await asyncio.sleep(0.1)
    old = weakref.ref(shelf.stable.opened.model)
    swapper.settle = lambda: alive.append(old() is not None)
    swapper.install(shelf, shelf.release(Opened(Watched(version="v3"))))
    await asyncio.sleep(0.1)
    return alive


def test_memory_is_settled_once_nothing_holds_a_closed_set() -> None:
    assert asyncio.run(swapped()) == [False]
