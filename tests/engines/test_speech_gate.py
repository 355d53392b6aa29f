"""The gate over a whole set: speech that suffers costs nodes their precision, and no more nodes than it must."""

from pathlib import Path

import pytest

from speechtrt.engine_set import EngineFolder, Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.current import current_engine_set
from speechtrt.engines.fallback.partial import FOR_SPEECH
from speechtrt.precision import BackendName, Precision
from tests.engines.conftest import ANY_TIME
from tests.engines.hostile import STAGE, write_hostile_bundle
from tests.engines.listening import Ears

ORT, INT8 = BackendName.ORT_CPU, Precision.INT8
PLANTED = ("up_1", "down_4")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Channels that the numeric gate still admits."""
    folder = tmp_path_factory.mktemp("speech")
    write_hostile_bundle(folder / "bundle", PLANTED, 12.0)
    return folder


def build(work: Path, name: str, ears: Ears, backend: BackendName = ORT, precision: Precision = INT8) -> EngineFolder:
    return build_engine_set(
        work / "bundle",
        backend,
        precision,
        work / name,
        cache=work / "cache",
        most_time=ANY_TIME,
        quality=lambda: ears,
        say=lambda line: None,
    )


def test_good_speech_is_written_down(work: Path) -> None:
    manifest = build(work, "good", Ears(0.5)).manifest
    assert (manifest.status, manifest.search) == (Status.ACCEPTED, None)
    (figure,) = manifest.quality
    assert (figure.metric, figure.passed, figure.limit) == ("mcd", True, 0.5)
    assert manifest.stage(STAGE).lowered_share == 1.0


def test_nodes_are_spared_for_the_sake_of_speech(work: Path) -> None:
    whole = build(work, "good", Ears(0.5)).manifest.quality[0].delta
    assert whole is not None
    ears = Ears(0.8 * whole)
    manifest = build(work, "better", ears).manifest
    stage = manifest.stage(STAGE)
    assert manifest.status is Status.ACCEPTED
    assert 0.25 < stage.lowered_share < 1.0
    spared = {row.node for row in stage.policy if row.reason == FOR_SPEECH}
    assert spared & set(PLANTED)
    assert stage.search is None  # its own numbers were good
    assert manifest.search is not None
    assert manifest.search.found
    assert "speech: mcd of all" in manifest.search.steps[0].reason
    assert {name.partition("/")[0] for group in manifest.search.groups for name in group.nodes} == {STAGE}
    assert all(figure.passed for figure in manifest.quality)
    assert len(ears.compared) == len(manifest.search.steps) <= 6


def test_speech_that_cannot_be_saved_falls_back(work: Path) -> None:
    manifest = build(work, "deaf", Ears(0.0)).manifest
    assert (manifest.status, manifest.precision) == (Status.FELL_BACK, Precision.FP32)
    assert "speech: mcd of all" in manifest.reason
    assert manifest.search is not None
    assert not manifest.search.found
    assert len(manifest.search.steps) == 2


def test_what_cannot_be_heard_here_is_not_compared(work: Path) -> None:
    ears = Ears(0.5)
    assert build(work, "reference", ears, precision=Precision.FP32).manifest.quality == ()
    assert build(work, "rtx", ears, BackendName.TENSORRT_RTX).manifest.quality == ()
    assert ears.compared == []


def test_a_set_that_was_never_heard_is_stale_when_speech_counts(work: Path) -> None:
    out = work / "silent"
    build_engine_set(work / "bundle", ORT, INT8, out, cache=work / "cache", most_time=ANY_TIME, say=lambda line: None)
    assert current_engine_set(work / "bundle", ORT, INT8, out) is not None
    assert current_engine_set(work / "bundle", ORT, INT8, out, heard=True) is None
    build(work, "silent", Ears(0.5))
    assert current_engine_set(work / "bundle", ORT, INT8, out, heard=True) is not None
