"""A share of the requests for a candidate: sticky, compared, promoted by command, rolled back by itself."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.runtime.serving.fakes import FakeSpeaker
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import eventually
from tests.runtime.serving.variants import again

SPEECH = {"input": "hi", "response_format": "pcm"}
ADMIN = {"authorization": "Bearer operator"}
MODEL = "/admin/models/tiny-voice"


@dataclass(frozen=True, slots=True)
class Trial:
    """A server with a candidate that gets every other request."""

    live: Live
    client: httpx.Client

    @property
    def candidate(self) -> FakeSpeaker:
        shelf = self.live.service.catalogue.speaking["tiny-voice"]
        assert shelf.trial and isinstance(shelf.trial.release.opened.model, FakeSpeaker)
        return shelf.trial.release.opened.model

    def speak(self, times: int) -> list[int]:
        return [self.client.post("/v1/audio/speech", json=SPEECH).status_code for _ in range(times)]

    def order(self, what: str) -> Any:
        return self.client.post(f"{MODEL}/{what}", headers=ADMIN).json()

    def state(self) -> Any:
        return self.client.get("/admin/models", headers=ADMIN).json()

    def last(self) -> Any:
        return self.state()["happenings"][-1]


@pytest.fixture(scope="module")
def root(tiny_tts_engines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sets")
    shutil.copytree(tiny_tts_engines, root / "next")
    again(tiny_tts_engines, root / "third")
    return root


@contextmanager
def on_trial(root: Path, share: float = 0.5, slots: int = 4) -> Iterator[Trial]:
    with serving(admin_keys=("operator",), engines=root, slots=slots) as live, live.client() as client:
        body = {"engines": "next", "share": share}
        answer = client.post(f"{MODEL}/canary", json=body, headers=ADMIN)
        assert answer.status_code == 200, answer.text
        yield Trial(live, client)


def test_the_candidate_gets_its_share_and_is_promoted(root: Path) -> None:
    with on_trial(root) as trial:
        new, old = trial.candidate, trial.live.speaker
        assert trial.speak(10) == [200] * 10
        assert (len(new.spoken), len(old.spoken)) == (5, 5)
        text = trial.client.get("/metrics").text
        for version in ("v1", new.version):
            labels = f'engine="fake",model="tiny-voice",outcome="ok",version="{version}"'
            assert f"speechtrt_requests_total{{{labels}}} 5.0" in text
        assert f'speechtrt_canary_share{{engine="fake",model="tiny-voice",version="{new.version}"}} 0.5' in text
        [found] = trial.state()["models"][0]["trial"]["comparisons"]
        assert (found["latency"], found["samples"]) == ("first audio", {"stable": 5, "candidate": 5})
        state = trial.order("promote")
        assert (state["stable"]["version"], state["trial"]) == (new.version, None)
        trial.speak(4)
        assert (len(new.spoken), len(old.spoken)) == (9, 5)
        eventually(lambda: trial.last()["act"] == "closed")


def test_a_slow_candidate_is_rolled_back(root: Path) -> None:
    with on_trial(root) as trial:
        slow = trial.candidate
        slow.delay = 0.5
        assert trial.speak(30) == [200] * 30  # nobody is harmed
        assert len(slow.spoken) == 10  # as many as the rules ask for
        eventually(lambda: trial.live.closed == [slow.version])
        kept = {h["act"]: h["reason"] for h in trial.state()["happenings"]}
        assert kept["rolled back"].startswith("p95 of first audio is ")
        assert trial.state()["models"][0]["trial"] is None


def test_a_failing_candidate_is_rolled_back(root: Path) -> None:
    with on_trial(root) as trial:
        trial.candidate.broken = True
        assert trial.speak(12).count(500) == 3
        assert any(h["reason"] == "3 of its 3 requests failed" for h in trial.state()["happenings"])


def test_a_tripped_guard_rolls_back(root: Path) -> None:
    with on_trial(root) as trial:
        trial.candidate.tripped = True
        trial.speak(2)
        assert any(h["reason"] == "its guard has tripped" for h in trial.state()["happenings"])


def test_a_request_stays_where_it_began(root: Path) -> None:
    with on_trial(root, share=1.0) as trial:
        candidate = trial.candidate
        trial.live.loop.call_soon_threadsafe(candidate.gate.clear)
        with trial.live.client() as other, other.stream("POST", "/v1/audio/speech", json=SPEECH) as response:
            pieces = response.iter_bytes()
            sound = next(pieces)
            state = trial.order("rollback")
            assert [r["in_flight"] for r in state["retiring"]] == [1]
            assert trial.live.closed == []
            trial.live.loop.call_soon_threadsafe(candidate.gate.set)
            sound += b"".join(pieces)
        assert sound == trial.client.post("/v1/audio/speech", json=SPEECH).content
        assert (len(candidate.spoken), len(trial.live.speaker.spoken)) == (1, 1)
        eventually(lambda: trial.live.closed == [candidate.version])


def test_a_full_candidate_leaves_requests_to_the_stable_set(root: Path) -> None:
    with on_trial(root, share=1.0) as trial:
        shelf = trial.live.service.catalogue.speaking["tiny-voice"]
        assert shelf.trial
        shelf.trial.release.door.active = shelf.trial.release.door.capacity
        assert trial.speak(2) == [200, 200]
        assert len(trial.live.speaker.spoken) == 2
        shelf.trial.release.door.active = 0


def test_one_change_at_a_time(root: Path) -> None:
    with on_trial(root) as trial:
        for what in ("canary", "swap"):
            refused = trial.client.post(f"{MODEL}/{what}", json={"engines": "third"}, headers=ADMIN)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "on_trial")
        trial.order("rollback")
        for what in ("promote", "rollback"):
            assert trial.order(what)["error"]["code"] == "no_trial"


@pytest.mark.parametrize("share", [0, -1, 1.1, "much", None])
def test_shares_that_are_none(root: Path, share: object) -> None:
    with serving(admin_keys=("operator",), engines=root) as live, live.client(headers=ADMIN) as client:
        refused = client.post(f"{MODEL}/canary", json={"engines": "next", "share": share})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "share")
