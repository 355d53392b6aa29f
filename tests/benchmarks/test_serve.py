"""`speechtrt bench serve`: from end to end on tiny engines, and its parts against servers whose answers are known."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from speechtrt.benchmarks.commands import bench
from speechtrt.benchmarks.serving.figures import scrape
from speechtrt.benchmarks.serving.process import Capacity, ServerProcess
from speechtrt.benchmarks.serving.realtime import Packets, RealtimeConnection, session
from speechtrt.benchmarks.serving.timetable import HEAD, Timetable, Timetables, beginning
from speechtrt.benchmarks.serving.visit import End, Visit
from speechtrt.benchmarks.serving.web_socket import Handshake, WebSocketClient
from speechtrt.benchmarks.serving.wire import Wires
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.errors import BenchmarkError
from tests.benchmarks.schema_check import violations_in
from tests.runtime.serving.fakes import text_of
from tests.runtime.serving.live import serving

SAMPLES = np.linspace(-0.5, 0.5, RATE, dtype=np.float32)
# The fake recogniser says a word for every tenth of a second.
MARKS = [(len(text_of(n / 10)), n / 10) for n in range(1, 11)]
TABLE = Timetable(tuple(c for c, _ in MARKS), tuple(s for _, s in MARKS), 12)
TABLES = Timetables({beginning(SAMPLES): TABLE}, 0.0)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_quick_run_measures_every_promise(tiny_tts_engines: Path, tiny_ctc_engines: Path, tmp_path: Path) -> None:
    options = ("--engines", str(tiny_ctc_engines.parent), "--voice-engines", str(tiny_tts_engines.parent))
    command = ("serve", "--model", "tiny", *options, "--out", str(tmp_path), "--threads", "1", "--quick")
    result = CliRunner().invoke(bench, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert violations_in(tmp_path / "serving_performance.json") == []
    document = json.loads((tmp_path / "serving_performance.json").read_text())
    bars = {bar["number"]: bar for bar in document["bars"]}
    assert {number.partition(".")[0] for number in bars} >= {"first_audio", "overload", "disconnects", "start"}
    for number in ("overload.unaccounted", "disconnects.places_lost", "disconnects.changed"):
        assert (bars[number]["value"], bars[number]["passed"]) == (0, True)
    kinds = {trial.get("measure", "paced") for trial in document["trials"]}
    assert kinds == {"start", "first_audio", "paced", "overload", "disconnects"}
    [overload] = [t for t in document["trials"] if t.get("measure") == "overload"]
    assert overload["offered"] == sum(overload["ends"].values()) == sum(overload["counted"].values())
    assert "quick run: a smoke test, not for quoting" in document["valid"]
    assert "| promise | measured | bar |" in result.output


def test_a_text_that_grows_tells_which_chunks_were_heard() -> None:
    table = Timetable((3, 9, 20), (0.56, 1.12, 2.24), 5)
    assert table.between(0, 3) == (0.56,)
    assert table.between(3, 20) == (1.12, 2.24)
    assert table.between(3, 8) == ()
    assert Timetables({1: table}, 0.0).told_share == 3 / 5


def test_a_turn_over_a_socket_reports_its_chunks_with_their_time() -> None:
    with serving() as live, Wires(live.port) as wires:
        free: list[WebSocketClient] = []
        start = time.perf_counter()
        turn = RealtimeConnection(
            session(WebSocketClient.open(wires, Handshake.to(live.port))), TABLES, Packets(), free
        )
        for begin in range(0, RATE, 1600):
            turn.accept(SAMPLES[begin : begin + 1600])
        turn.end()
        news = []
        until(lambda: news.append(turn.poll()) or news[-1].final is not None)  # type: ignore[func-returns-value]
    chunks = [chunk for n in news for chunk in n.chunks]
    assert [heard for heard, _ in chunks[:-1]] == list(TABLE.seconds)
    assert all(start < at < time.perf_counter() for _, at in chunks)
    assert news[-1].final == "".join(turn.deltas) == text_of(1.0)
    assert len(free) == 1
    assert len(SAMPLES) > HEAD


def visited(visit: Visit) -> End:
    deadline = time.monotonic() + 60
    while visit.end is None and time.monotonic() < deadline:
        time.sleep(max(0.0, visit.due - time.perf_counter()))
        visit.step(time.perf_counter())
    assert visit.end is not None
    return visit.end


def test_visits_end_as_the_server_counts_them() -> None:
    spoken = (Spoken(SAMPLES, text_of(1.0)),) * 2
    with serving(slots=1) as live, Wires(live.port) as wires:

        def visit(leaves: bool = False) -> Visit:
            return Visit(wires, Handshake.to(live.port), spoken, TABLES, Packets(), 0.6, time.perf_counter(), leaves)

        first = visit()
        assert visited(first) is End.SERVED
        assert first.tally.different == 0
        assert first.served_seconds(first.begun, first.ended) == pytest.approx(2.0)
        assert first.served_seconds(first.ended, first.ended + 1) == 0
        until(lambda: live.service.in_flight == 0)
        assert visited(visit(leaves=True)) is End.CANCELLED
        until(lambda: live.service.in_flight == 0)
        holder = session(WebSocketClient.open(wires, Handshake.to(live.port)))
        until(lambda: any(event["type"] == "session.created" for _, event in holder.events()))
        refused = visit()
        assert visited(refused) is End.SHED
        assert refused.refusal_seconds is not None and refused.refusal_seconds > 0
        holder.close()
        until(lambda: live.service.in_flight == 0)
        figures = scrape(live.port)
    assert figures.by("requests_total", "outcome") == {
        "ok": 2, "shed": 1, "cancelled": 1, "timeout": 0, "invalid": 0, "error": 0
    }  # fmt: skip


def test_a_server_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"did not become ready, it said: .*tmp"):
        ServerProcess.start([tmp_path], Capacity(1))


def test_nobody_answers() -> None:
    with socket.socket() as deaf:  # bound, so that nobody else can take the port, and not listening
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(BenchmarkError, match="does not answer"):
            scrape(deaf.getsockname()[1])
