"""GPUs are watched while a side speaks, where there are any."""

import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from speechtrt.benchmarks.measure.gpu import GpuWatch
from speechtrt.benchmarks.tts.arrival import ALONE
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.measurement import Arena
from speechtrt.benchmarks.tts.trial import Round, Served, TtsTrial
from speechtrt.runtime.gpu import GpuUse
from tests.runtime.fake_nvml import Driver

WORK = Round("alone", (Utterance("hello"),), ALONE)


@dataclass(frozen=True)
class Mute:
    """A side that says nothing."""

    def warm_up(self, utterances: object) -> None:
        """Nothing to warm."""

    def speak(self, work: Round) -> TtsTrial:
        return TtsTrial(work.scenario, "mute", 1.0, 1.0, 0.0, {}, 1.0, 1, (Served(0, 0.0, 1.0, 1.0, 1.0),))


def spoken() -> TtsTrial:
    with ExitStack() as closing:
        arena = Arena(lambda _: None, closing)
        arena.enter("mute", Mute, WORK.utterances)
        return arena.speak("mute", WORK)


def test_a_trial_has_the_figures_of_all_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    trial = spoken()
    assert trial.gpu_utilisation == pytest.approx(0.5)
    assert trial.gpu_memory_bytes == 21
    assert driver.open == 0


def test_without_a_gpu_a_trial_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    trial = spoken()
    assert (trial.gpu_utilisation, trial.gpu_memory_bytes) == (None, None)


def test_samples_are_averaged_and_the_most_memory_counts() -> None:
    """The first look only says that there is a GPU; one fails in between."""
    looks = iter([_use(1.0, 90), _use(0.25, 30), (), _use(0.75, 20)])
    seen = threading.Event()

    def look() -> tuple[GpuUse, ...]:
        found = next(looks, None)
        if found is None:
            seen.set()
            return ()
        return found

    with GpuWatch.start(look) as watch:
        assert seen.wait(60)
    watch.close()
    assert watch.utilisation == pytest.approx(0.5)
    assert watch.memory_bytes == 30


def _use(load: float, used: int) -> tuple[GpuUse, ...]:
    return (GpuUse("GPU-0", used, 100, load),)
