"""Two versions hear the same recordings, and their errors are counted apart."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from speechtrt.deploy.shadow.client import Client
from speechtrt.deploy.shadow.counts import Counts, Track
from speechtrt.deploy.shadow.shadow import Shadow
from speechtrt.errors import RequestError
from speechtrt.models.evaluation.utterances import EvaluationUtterance, evaluation_utterances
from tests.runtime.serving.live import serving


@pytest.fixture
def utterances() -> tuple[EvaluationUtterance, ...]:
    """The fake server hears w0 w1 ... in everything, one word for a tenth of a second."""
    found = evaluation_utterances()[0]
    said = " ".join(f"w{number}" for number in range(1000))
    return (EvaluationUtterance("1", said, "v", found.path, "indian"),)


def test_words_and_errors_are_counted_by_track_and_dialect(utterances: tuple[EvaluationUtterance, ...]) -> None:
    counts = Counts(("indian",))
    with serving(keys=("secret",)) as live:
        clients = {
            Track.STABLE: Client(live.url, "tiny-ctc", "secret"),
            Track.CANARY: Client(live.url, "tiny-ctc", "wrong"),
        }
        Shadow(utterances, clients, counts).say(7)
    page = generate_latest(counts.registry).decode()
    assert 'speechtrt_shadow_words_total{dialect="indian",track="stable"} 1000.0' in page
    assert 'speechtrt_shadow_words_total{dialect="indian",track="canary"} 0.0' in page
    assert 'speechtrt_shadow_failures_total{track="canary"} 1.0' in page
    assert 'speechtrt_shadow_failures_total{track="stable"} 0.0' in page
    [errors] = [
        line
        for line in page.splitlines()
        if line.startswith("speechtrt_shadow_word_errors_total{") and "stable" in line
    ]
    assert 0 < float(errors.split()[-1]) < 1000


def test_a_server_that_is_not_there(tmp_path: Path, utterances: tuple[EvaluationUtterance, ...]) -> None:
    with pytest.raises(RequestError, match="gave no transcript"):
        Client("http://127.0.0.1:1", "m").transcribe(utterances[0].path)
