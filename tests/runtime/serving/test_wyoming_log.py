"""What the log says of Wyoming's clients."""

import asyncio
import logging

import pytest
from wyoming.client import AsyncClient
from wyoming.ping import Ping

from speechtrt.runtime.serving.core.incoming import current
from tests.runtime.serving.live import serving
from tests.runtime.serving.realtime_client import eventually


async def ping(port: int) -> None:
    async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}", connect_timeout=60, read_timeout=60) as client:
        await client.write_event(Ping("x").event())
        assert await client.read_event()


def test_every_line_about_a_connection_has_its_id(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str | None] = []
    caplog.set_level("INFO", "speechtrt.requests")

    def noted(_: logging.LogRecord) -> bool:
        ids.append(request.id if (request := current()) else None)
        return True

    caplog.handler.addFilter(noted)
    with serving() as live:
        for _ in range(2):
            asyncio.run(ping(live.wyoming_port))
        eventually(lambda: [record.message for record in caplog.records].count("wyoming") == 2)
    assert all(ids) and len(set(ids)) == 2
