"""Work that begins before anybody awaits it."""

import asyncio

import pytest

from speechtrt.runtime.serving.realtime.eager import begin


async def work(steps: list[str], *waits: "asyncio.Future[str]") -> None:
    try:
        for wait in waits:
            steps.append(await wait)
        await asyncio.sleep(0)
        steps.append("done")
    except asyncio.CancelledError:
        steps.append("cancelled")
        raise


def test_what_need_not_wait_is_done_at_once() -> None:
    steps: list[int] = []

    async def quick() -> None:
        steps.append(1)

    assert begin(quick()) is None
    assert steps == [1]


def test_the_rest_waits_as_often_as_the_work_does() -> None:
    async def run() -> list[str]:
        steps, waits = list[str](), [asyncio.get_running_loop().create_future() for _ in range(2)]
        rest = begin(work(steps, *waits))
        assert rest is not None
        for number, wait in enumerate(waits):
            asyncio.get_running_loop().call_soon(wait.set_result, str(number))
        await rest
        return steps

    assert asyncio.run(run()) == ["0", "1", "done"]


def test_a_cancelled_rest_cancels_the_work() -> None:
    async def run() -> list[str]:
        steps: list[str] = []
        rest = begin(work(steps, asyncio.get_running_loop().create_future()))
        assert rest is not None
        task = asyncio.ensure_future(rest)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return steps

    assert asyncio.run(run()) == ["cancelled"]


def test_errors_come_out_where_they_happen() -> None:
    async def fail(wait: bool) -> None:
        await asyncio.sleep(0) if wait else None
        raise ValueError

    async def run() -> None:
        with pytest.raises(ValueError):
            begin(fail(wait=False))
        rest = begin(fail(wait=True))
        assert rest is not None
        with pytest.raises(ValueError):
            await rest

    asyncio.run(run())
