"""Stages of two engine sets, timed in turns on the inputs that ship with them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from speechtrt.benchmarks.engines.trial import StageTrial
from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.engine_set import EngineFolder, EngineStage
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.speed import Timing, time_pair
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import Feeds, StageSession


def time_stages(engines: Path, reference: Path, batches: Sequence[int]) -> list[StageTrial]:
    """One trial of every stage in every batch. Raises ManifestError, IntegrityError or BuildError.

    Small stages take less than the kernel's clock ticks, so what others used is measured over all of them.
    """
    fast, slow = EngineFolder.open(engines), EngineFolder.open(reference)
    watch = Stopwatch()
    timings = [
        (stage.spec.name, batch, _time(fast, slow, stage, batch)) for stage in fast.manifest.stages for batch in batches
    ]
    share = watch.read().foreign_share
    return [
        StageTrial(
            model=fast.manifest.name,
            side=fast.manifest.engine,
            stage=name,
            batch=batch,
            seconds=timing.candidate_seconds,
            reference_seconds=timing.reference_seconds,
            ratio=timing.ratio,
            foreign_share=share,
        )
        for name, batch, timing in timings
    ]


def _time(fast: EngineFolder, slow: EngineFolder, stage: EngineStage, batch: int) -> Timing:
    name, states = stage.spec.name, stage.spec.states
    recorded = decode_evaluation(fast.file(f"{EVALUATION}/{name}.npz"), fast.manifest.model.stage(name))
    reference = slow.file(slow.manifest.stage(name).file.path)
    with StageSession(reference, states) as full, StageSession(fast.file(stage.file.path), states) as low:
        return time_pair(full, low, widened(recorded.playlist, batch))


def widened(playlist: Playlist, rows: int) -> Playlist:
    """The first scenario, its recorded rows repeated or cut to `rows`."""
    scenario = playlist.scenarios[0]
    steps = tuple(_rows(step, rows) for step in scenario.steps)
    return replace(playlist, scenarios=(Scenario(_rows(scenario.fixed, rows), steps, scenario.loop),))


def _rows(feeds: Feeds, rows: int) -> Feeds:
    return {name: value[np.arange(rows) % value.shape[0]] for name, value in feeds.items()}
