"""The exposition as Prometheus' own linter reads it, and the lag of the event loop."""

import asyncio
import shutil
import subprocess
import time

import pytest

from speechtrt.runtime.serving.core.loop_lag import watch_lag
from tests.runtime.serving.live import serving
from tests.runtime.serving.test_speech import SPEECH
from tests.runtime.serving.test_transcriptions import recording


@pytest.mark.system
def test_prometheus_has_nothing_to_say_against_the_names() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not installed; apt install prometheus"
    with serving() as live, live.client() as client:
        client.post("/v1/audio/speech", json=SPEECH)
        client.post("/v1/audio/transcriptions", files={"file": recording()})
        text = client.get("/metrics").text
    assert 'speechtrt_guard_events_total{engine="fake",kind="drift",model="tiny-voice",version="v1"} 2.0' in text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_blocks_the_loop_is_seen() -> None:
    async def block() -> list[float]:
        lags: list[float] = []
        watching = asyncio.create_task(watch_lag(lags.append))
        await asyncio.sleep(0.05)
        time.sleep(0.5)
        await asyncio.sleep(0.05)
        watching.cancel()
        return lags

    assert max(asyncio.run(block())) > 0.2
