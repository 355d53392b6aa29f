"""Work that begins at once, and waits in a task only if it has to wait."""

import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any


def begin(work: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Do `work` as far as it goes without waiting; what is left of it is to be awaited, None when it is done.

    No task runs it before that, so what needs one (`asyncio.timeout`) must not come before its first wait.
    """
    try:
        awaited = work.send(None)
    except StopIteration:
        return None
    return _rest(work, awaited)


@types.coroutine
def _rest(work: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Wait for what `work` waits for, and go on; whatever is thrown meets the work."""
    try:
        while True:
            try:
                sent = yield awaited
            except BaseException as error:
                awaited = work.throw(error)
            else:
                awaited = work.send(sent)
    except StopIteration:
        return
