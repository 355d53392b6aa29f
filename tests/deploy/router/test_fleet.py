"""Two replicas behind HAProxy: streams stay where they are, and servers come and go without a request lost."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.router.fleet import Machine, fleet
from tests.deploy.router.streams import LiveStream, coming, speaking

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def machine(tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with fleet(tmp_path_factory.mktemp("fleet"), tiny_ctc_engines, {"a": 100, "b": 100}) as machine:
        yield machine


def test_a_stream_stays_where_it_began_and_new_ones_go_to_the_emptier_server(machine: Machine) -> None:
    streams = [LiveStream.opened(machine) for _ in range(6)]
    assert Counter(stream.server for stream in streams) == {"a": 3, "b": 3}
    texts = set()
    for stream in streams:
        for _ in range(5):
            stream.say()
        texts.add(stream.finish())
        stream.close()
    assert len(texts) == 1


def test_a_rolling_restart_under_load_loses_nothing(machine: Machine) -> None:
    streams = [LiveStream.opened(machine) for _ in range(4)]
    with coming(machine) as requests, speaking(streams) as audience:
        for name, replica in machine.replicas.items():
            machine.tell(name, "state drain")
            requests.settle()  # what `preStop` waits for in a cluster
            with ThreadPoolExecutor(1) as pool:
                code = pool.submit(replica.end, signal.SIGTERM)
                time.sleep(1.0)
                for stream in audience.leave(name):
                    assert stream.finish()
                    stream.close()
                assert code.result() == 0
            replica.start()
            replica.wait_ready()
            machine.tell(name, "state ready")
            machine.wait_up(name)
            requests.settle()
    assert requests.failed == []
    assert set(requests.served) == {"a", "b"}
    assert sum(requests.served.values()) > 20
    assert audience.streams == []


def test_the_streams_of_a_killed_server_are_told_and_can_be_opened_again(machine: Machine) -> None:
    streams = [LiveStream.opened(machine) for _ in range(4)]
    for stream in streams:
        stream.say()
    victim = machine.replicas["a"]
    victim.end(signal.SIGKILL)
    lost = [stream for stream in streams if stream.server == "a"]
    assert len(lost) == 2
    start = time.monotonic()
    assert {stream.close_code() for stream in lost} == {1006}
    assert time.monotonic() - start < 10
    again = [LiveStream.opened(machine) for _ in lost]
    assert {stream.server for stream in again} == {"b"}
    for stream in (*again, *(s for s in streams if s.server == "b")):
        stream.say()
        assert stream.finish()
        stream.close()
    victim.start()
    victim.wait_ready()
    machine.wait_up("a")


def test_a_canary_gets_its_share_of_streams_and_gives_it_back(machine: Machine) -> None:
    machine.tell("a", "weight 20")
    assert Counter(s.server for s in opened(machine, 12)) == {"a": 2, "b": 10}
    machine.tell("a", "weight 0")
    assert Counter(s.server for s in opened(machine, 12)) == {"b": 12}
    machine.tell("a", "weight 100")


def opened(machine: Machine, count: int) -> list[LiveStream]:
    """So many streams at once; they are closed again."""
    streams = [LiveStream.opened(machine) for _ in range(count)]
    for stream in streams:
        stream.close()
    return streams
