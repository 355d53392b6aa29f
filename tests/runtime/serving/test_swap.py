"""Another engine set while clients are served: on real sockets, over real engines."""

import base64
import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.runtime.serving.process import Served, served
from tests.runtime.serving.realtime_client import eventually
from tests.runtime.serving.variants import again, damaged, failed, variant

ADMIN = {"authorization": "Bearer operator"}
LOOSE = "[acceptance]\nword_disagreement = 1.0\nlength_ratio = 100.0\nspectrum_decibels = 100.0\n"
LIMITS = "[limits]\nqueue = 1\ntext_characters = 3\n"
PIECE = 4800


@dataclass(frozen=True, slots=True)
class Sets:
    """Engine sets of one model in one folder."""

    root: Path

    def path(self, name: str) -> Path:
        return self.root / name


@pytest.fixture(scope="module")
def sets(tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Sets:
    root = tmp_path_factory.mktemp("sets")
    shutil.copytree(tiny_ctc_engines, root / "first")
    for name, make in (("other", variant), ("same", again), ("damaged", damaged), ("failed", failed)):
        make(tiny_ctc_engines, root / name)
    return Sets(root)


@contextmanager
def running(sets: Sets, folder: Path, acceptance: str = LOOSE, *flags: object) -> Iterator[Served]:
    (folder / "admin").write_text("operator\n")
    (folder / "serve.toml").write_text(f'engines = ["{sets.path("first")}"]\n{acceptance}')
    with served("--config", folder / "serve.toml", "--admin-key-file", folder / "admin", *flags) as server:
        yield server


def sound() -> np.ndarray[Any, np.dtype[np.int16]]:
    noise = np.random.default_rng(3).normal(0, 3000, 6 * 24_000)
    return noise.astype("<i2")


@contextmanager
def talking(server: Served) -> Iterator["Talk"]:
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=tiny-ctc", proxy=None) as socket:
        manual = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}
        socket.send(json.dumps({"type": "session.update", "session": manual}))
        yield Talk(socket)


@dataclass(frozen=True, slots=True)
class Talk:
    """A live session whose client commits its one turn."""

    socket: ClientConnection

    def say(self, pcm: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        for start in range(0, len(pcm), PIECE):
            data = base64.b64encode(pcm[start : start + PIECE].tobytes()).decode()
            self.socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": data}))

    def text(self) -> str:
        """The text of the turn, whose deltas join to it."""
        self.socket.send('{"type": "input_audio_buffer.commit"}')
        deltas, event = "", {"type": ""}
        while not event["type"].endswith("completed"):
            event = json.loads(self.socket.recv(timeout=60))
            deltas += event.get("delta", "")
        assert deltas == event["transcript"]
        return deltas


def whole(server: Served) -> str:
    with talking(server) as talk:
        talk.say(sound())
        return talk.text()


def swap(server: Served, engines: str) -> Any:
    with server.client(headers=ADMIN) as client:
        return client.post("/admin/models/tiny-ctc/swap", json={"engines": engines})


def shelf(server: Served) -> Any:
    with server.client(headers=ADMIN) as client:
        return client.get("/admin/models").json()["models"][0]


def metric(server: Served, line: str) -> float:
    with server.client() as client:
        found = [text for text in client.get("/metrics").text.splitlines() if text.startswith(line)]
    return sum(float(text.rsplit(" ", 1)[1]) for text in found)


def active(server: Served, version: str) -> float:
    """How many live streams an engine set has."""
    return metric(server, f'speechtrt_active_streams{{engine="ort-cpu-fp32",model="tiny-ctc",version="{version}"}}')


def test_live_streams_end_as_they_began_and_new_ones_are_of_the_new_set(sets: Sets, tmp_path: Path) -> None:
    with running(sets, tmp_path) as server, ExitStack() as sessions:
        before, first = whole(server), shelf(server)["stable"]["version"]
        talks, pcm = [sessions.enter_context(talking(server)) for _ in range(4)], sound()
        for number, talk in enumerate(talks):
            talk.say(pcm[: (number + 1) * 24_000])
        eventually(lambda: active(server, first) == 4)
        answer = swap(server, "other")
        assert answer.status_code == 200, answer.text
        state = answer.json()
        assert state["stable"]["version"] != first
        assert [(r["version"], r["in_flight"]) for r in state["retiring"]] == [(first, 4)]
        after = whole(server)
        assert after != before  # or the test could not tell one set from the other
        for number, talk in enumerate(talks):
            talk.say(pcm[(number + 1) * 24_000 :])
        assert [talk.text() for talk in talks] == [before] * 4
        sessions.close()
        eventually(lambda: shelf(server)["retiring"] == [])
        assert metric(server, 'speechtrt_engine_changes_total{act="swapped",model="tiny-ctc"}') == 1
        assert active(server, first) == 0
        assert metric(server, "speechtrt_requests_total") > 0
        with server.client() as client:
            assert first not in client.get("/metrics").text
        assert whole(server) == after
        assert {"swapped", "closed"} <= {line["message"].removeprefix("engines ") for line in read(server)}


def read(server: Served) -> list[dict[str, Any]]:
    """The log up to now."""
    with server.client() as client:
        client.get("/v2/health/live", headers={"x-request-id": "mark"})
    while server.read_until("request").get("request_id") != "mark":
        pass
    return server.log


@pytest.mark.parametrize(
    ("engines", "said"),
    [
        ("damaged", "sha256"),
        ("failed", "has not passed its gate"),
        ("nothing", "no engine set"),
        ("../first", "no engine set"),
        ("/etc", "no engine set"),
        ("..", "no engine set"),
        ("a\0b", "no engine set"),
    ],
)
def test_a_failed_swap_changes_nothing_and_says_why(strict: Served, engines: str, said: str) -> None:
    before = shelf(strict)
    refused = swap(strict, engines)
    assert refused.status_code in (400, 409)
    assert said in refused.json()["error"]["message"]
    assert shelf(strict) == before


@pytest.fixture(scope="module")
def strict(sets: Sets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running(sets, tmp_path_factory.mktemp("strict"), "") as server:
        yield server


def test_a_set_that_says_something_else_is_rejected(strict: Served) -> None:
    failures = metric(strict, 'speechtrt_engine_changes_total{act="failed"')
    refused = swap(strict, "other")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "engines_rejected")
    assert "word disagreement" in refused.json()["error"]["message"]
    assert metric(strict, 'speechtrt_engine_changes_total{act="failed"') == failures + 1
    assert any("word disagreement" in line.get("reason", "") for line in read(strict))


def test_a_set_that_says_the_same_is_accepted(strict: Served) -> None:
    assert swap(strict, "same").status_code == 200
    assert swap(strict, "first").status_code == 200


def test_operators_need_their_own_key(strict: Served) -> None:
    for header in ({}, {"authorization": "Bearer wrong"}):
        with strict.client(headers=header) as client:
            assert client.get("/admin/models").status_code == 401
            assert client.post("/admin/models/tiny-ctc/swap", json={"engines": "other"}).status_code == 401
            assert client.post("/admin/reload").status_code == 401


def test_without_keys_there_are_no_operators(tiny_ctc_engines: Path) -> None:
    with served("--engines", tiny_ctc_engines) as server, server.client(headers=ADMIN) as client:
        assert client.get("/admin/models").status_code == 404


def test_a_set_that_still_finishes_comes_back_at_once(sets: Sets, tmp_path: Path) -> None:
    with running(sets, tmp_path) as server:
        first = shelf(server)["stable"]["version"]
        with talking(server) as talk:
            talk.say(sound())
            eventually(lambda: active(server, first) == 1)
            assert swap(server, "other").status_code == 200
            busy = swap(server, "same")
            assert (busy.status_code, busy.json()["error"]["code"]) == (409, "engines_retiring")
            assert swap(server, "first").json()["stable"]["version"] == first
            assert talk.text() == whole(server)
        eventually(lambda: shelf(server)["retiring"] == [])
        assert shelf(server)["stable"]["version"] == first


def test_a_hang_up_reads_the_configuration_again(sets: Sets, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("old\n")
    with running(sets, tmp_path, LOOSE, "--api-key-file", keys) as server:
        first = shelf(server)["stable"]["version"]
        (tmp_path / "serve.toml").write_text(
            f'port = 1\nspeech_slots = 3\nengines = ["{sets.path("other")}"]\n{LOOSE}{LIMITS}'
        )
        keys.write_text("new\n")
        server.process.send_signal(signal.SIGHUP)
        line = server.read_until("reloaded")
        assert line["served"] == {"tiny-ctc": shelf(server)["stable"]["version"]} != {"tiny-ctc": first}
        assert (line["failed"], line["restart"]) == ({}, ["speech_slots", "limits.queue"])
        with server.client() as client:
            codes = [
                client.get("/v1/models", headers={"authorization": f"Bearer {k}"}).status_code for k in ("old", "new")
            ]
        assert codes == [401, 200]
        with server.client(headers={"authorization": "Bearer new"}) as client:
            answer = client.post("/v1/audio/speech", json={"input": "longer than that", "voice": "x"})
            assert "at most 3" in answer.json()["error"]["message"]
        (tmp_path / "serve.toml").write_text("port =")
        server.process.send_signal(signal.SIGHUP)
        assert "TOML" in server.read_until("reload failed")["reason"]
        assert shelf(server)["stable"]["version"] == line["served"]["tiny-ctc"]


def test_operators_may_have_a_port_of_their_own(sets: Sets, tmp_path: Path) -> None:
    with running(sets, tmp_path, LOOSE, "--operator-port", 0) as server:
        operators = f"http://127.0.0.1:{server.log[-1]['operator_port']}"
        with server.client(headers=ADMIN) as client:
            for path in ("/metrics", "/admin/models"):
                assert client.get(path).status_code == 404
                assert client.get(operators + path).status_code == 200
            assert client.get(f"{operators}/v2/health/ready").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
