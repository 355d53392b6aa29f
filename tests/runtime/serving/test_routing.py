"""Which model hears a stream, and how its client is told."""

import logging
from collections.abc import Iterator

import grpc
import pytest

from speechtrt.errors import ConfigError
from speechtrt.runtime.policy.routing import Utterance
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.refusal import Refusal
from speechtrt.runtime.serving.core.router import Router, Routing
from tests.runtime.serving import test_riva as riva
from tests.runtime.serving.fakes import FakeHearer
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import MANUAL, Client, opened
from tests.runtime.serving.test_transcriptions import recording

SIZES = Routing("tiny", "middle", "big", hard=("en-IN",), keywords=("bronchitis",))
PLAIN = Utterance()


def router(routing: Routing = SIZES) -> tuple[Router, dict[str, FakeHearer]]:
    hearers = {name: FakeHearer(name=name) for name in ("middle", "tiny", "big")}
    catalogue = Catalogue.of([], [Opened(h) for h in hearers.values()], {"whisper-1": "middle"}, Limits())
    return Router(catalogue, routing, Metrics().routed), hearers


@pytest.mark.parametrize("name", [None, "auto"])
@pytest.mark.parametrize(
    ("utterance", "model", "reason"),
    [
        (PLAIN, "middle", "nothing special"),
        (Utterance("en_in"), "big", "locale en_in"),
        (Utterance(text="acute bronchitis"), "big", "keyword bronchitis"),
    ],
)
def test_the_server_chooses(name: str | None, utterance: Utterance, model: str, reason: str) -> None:
    found = router()[0].route(name, utterance)
    assert (found.hearer.card.name, found.reason) == (model, reason)


def test_who_names_a_model_gets_it() -> None:
    for name in ("tiny", "middle", "big", "whisper-1"):
        found = router()[0].route(name, Utterance("en-IN"))
        assert (found.hearer.card.name, found.reason) == ({"whisper-1": "middle"}.get(name, name), None)


def test_a_busy_model_gives_to_the_small_one() -> None:
    routes, hearers = router()
    hearers["middle"].active = hearers["middle"].slots
    assert routes.route(None, PLAIN).hearer is hearers["tiny"]
    assert routes.route("middle", PLAIN).hearer is hearers["middle"]


def test_rung_three_sends_new_streams_to_smaller_models() -> None:
    routes, hearers = router()
    hearers["big"].rung = 3
    assert routes.route("big", PLAIN).hearer is hearers["middle"]
    hearers["middle"].rung = 4
    found = routes.route("big", PLAIN)
    assert (found.hearer, found.reason) == (hearers["tiny"], "middle is overloaded (rung 4)")
    hearers["tiny"].rung = 5
    assert routes.route(None, PLAIN).hearer is hearers["tiny"]
    hearers["middle"].rung = hearers["big"].rung = 2
    assert routes.route("middle", PLAIN).hearer is hearers["middle"]


def test_without_models_to_choose_from_nothing_is_chosen() -> None:
    routes, hearers = router(Routing())
    hearers["middle"].rung = 5
    assert routes.route(None, PLAIN).hearer is hearers["middle"]
    with pytest.raises(Refusal):
        routes.route("auto", PLAIN)


def test_a_model_that_is_not_served_is_named() -> None:
    with pytest.raises(ConfigError, match="'nobody'"):
        router(Routing(small="nobody"))


@pytest.fixture
def live() -> Iterator[Live]:
    with serving(routing=Routing(medium="tiny-ctc", small="small-ctc")) as live:
        yield live


def test_clients_are_told(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    live.hearer.rung = 3
    with opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        told = client.expect("speechtrt.routed")
        assert (told["model"], told["reason"]) == ("small-ctc", "tiny-ctc is overloaded (rung 3)")
        for name in ("tiny-ctc", "small-ctc", "auto", "whisper-1"):
            assert client.update(transcription={"model": name}, **MANUAL)["transcription"]["model"] == name
    with live.client() as http:
        assert http.post("/v1/audio/transcriptions", files={"file": recording()}).status_code == 200
        assert 'speechtrt_routed_total{model="small-ctc"} 2.0' in http.get("/metrics").text
    with riva.opened(live) as channel:
        call = riva.stream(channel, riva.head(**riva.PCM), riva.sound(bytes(3200)))
        metadata = {key: value for key, value in call.initial_metadata() if key.startswith("speechtrt")}
        assert metadata == {"speechtrt-model": "small-ctc", "speechtrt-rung": "0"}
        list(call)
        assert call.code() is grpc.StatusCode.OK
    reasons = [record.__dict__.get("fields", {}).get("reason") for record in caplog.records]
    assert reasons.count("tiny-ctc is overloaded (rung 3)") == 3
