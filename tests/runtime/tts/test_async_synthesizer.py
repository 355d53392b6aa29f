"""The synthesizer as coroutines use it."""

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from speechtrt.errors import CancelledError, CapacityError, TextError
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer
from speechtrt.runtime.tts.speech import SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.runtime.fakes import FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import Gate, build

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def runners() -> dict[str, FakeRunner]:
    return tts_stages()


@pytest.fixture
def synthesizer(runners: dict[str, FakeRunner]) -> Iterator[AsyncSynthesizer]:
    with Synthesizer.over(build(runners, slots=3), queue=60) as synthesizer:
        yield AsyncSynthesizer(synthesizer)


async def until_there_are(requests: int, synthesizer: AsyncSynthesizer) -> None:
    async with asyncio.timeout(60):
        while synthesizer.synthesizer.requests != requests:
            await asyncio.sleep(0.001)


async def test_many_requests_need_no_threads(synthesizer: AsyncSynthesizer) -> None:
    texts = [f"number {'i' * n}" for n in range(1, 21)]
    before = set(threading.enumerate())
    speeches = await asyncio.gather(*(synthesizer.synthesize(t, seed=1) for t in texts))
    assert set(threading.enumerate()) <= before
    for text, speech in zip(texts, speeches, strict=True):
        alone = await synthesizer.synthesize(text, seed=1)
        np.testing.assert_allclose(alone.audio.samples, speech.audio.samples, atol=1e-6)


async def test_a_stream_is_the_speech_in_chunks(synthesizer: AsyncSynthesizer) -> None:
    async with synthesizer.stream("one two three. four five.", seed=2) as stream:
        samples = [chunk.samples async for chunk in stream]
        speech = await stream.result()
    np.testing.assert_array_equal(np.concatenate(samples), speech.audio.samples)


async def test_a_long_text_is_prepared_beside_the_loop(synthesizer: AsyncSynthesizer) -> None:
    speech = await synthesizer.synthesize("hello there. " * 100)
    assert speech.steps == 1100


async def test_cancelling_the_task_frees_the_slot(
    synthesizer: AsyncSynthesizer, runners: dict[str, FakeRunner]
) -> None:
    gate = Gate.before(runners["decoder"])
    task = asyncio.create_task(synthesizer.synthesize("hello"))
    await until_there_are(1, synthesizer)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open()
    await until_there_are(0, synthesizer)


async def test_leaving_a_stream_frees_the_slot(synthesizer: AsyncSynthesizer, runners: dict[str, FakeRunner]) -> None:
    gate = Gate.before(runners["decoder"])
    async with synthesizer.start(SpeechRequest("hello", steps=190)) as stream:
        gate.let(2)
    gate.open()
    with pytest.raises(CancelledError):
        await stream.result()
    await until_there_are(0, synthesizer)


async def test_a_stream_that_never_began_costs_nothing(synthesizer: AsyncSynthesizer) -> None:
    synthesizer.stream("hello").close()
    assert synthesizer.synthesizer.requests == 0


async def test_refusals_come_when_the_stream_is_entered(runners: dict[str, FakeRunner]) -> None:
    gate = Gate.before(runners["decoder"])
    async with AsyncSynthesizer(Synthesizer.over(build(runners), queue=0)) as synthesizer:
        with pytest.raises(TextError):
            async with synthesizer.stream(""):
                pass
        for _ in range(3):
            await synthesizer.stream("hello").__aenter__()
        gate.open()


async def test_a_full_queue_refuses(runners: dict[str, FakeRunner]) -> None:
    gate = Gate.before(runners["decoder"])
    async with AsyncSynthesizer(Synthesizer.over(build(runners, slots=1), queue=0)) as synthesizer:
        async with synthesizer.stream("hello") as stream:
            with pytest.raises(CapacityError):
                await synthesizer.synthesize("hello")
            gate.open()
            assert (await stream.result()).steps == 5
        assert await synthesizer.drain()


def test_a_loop_that_has_ended_hurts_nobody(synthesizer: AsyncSynthesizer, runners: dict[str, FakeRunner]) -> None:
    gate = Gate.before(runners["decoder"])
    kept = []

    async def begin() -> None:
        kept.append(await synthesizer.stream("hello").__aenter__())

    asyncio.run(begin())
    gate.open()
    assert synthesizer.synthesizer.synthesize("hi").steps == 2
