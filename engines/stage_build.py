"""Builds one stage: attempt, gate, and the next safer precision when the gate says no."""

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from speechtrt.artifact import FileEntry, sha256_file
from speechtrt.bundle import BundleFolder
from speechtrt.documents import SCHEMA, encode_document, read_document, write_document
from speechtrt.engine_set import EngineStage, GateRow
from speechtrt.engines.builders.base import EngineBuilder
from speechtrt.engines.cache import EngineCache, cache_key
from speechtrt.engines.calibration import load_recording
from speechtrt.engines.candidate import FALLBACK, Candidate, make_candidates
from speechtrt.engines.evaluation import Evaluation, encode_evaluation, record_evaluation
from speechtrt.engines.gate.judgement import STAND_IN, Verdict, judge_kernels, judge_numbers, judge_speed
from speechtrt.engines.graph import Graph
from speechtrt.engines.profiles import stage_profiles
from speechtrt.engines.scenario import Playlist, make_scenarios, moving_states, scenario_length
from speechtrt.errors import BuildError
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec

RECORD_FILE = "stage.json"
EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A built stage with the gate rows it passed; `reason` says why it is not in the requested precision."""

    stage: EngineStage
    gate: tuple[GateRow, ...]
    reason: str
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class StageFolder:
    """A stage in the cache: its record, and the files an engine set takes over."""

    path: Path
    record: StageRecord


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What all stages of one engine set share."""

    bundle: BundleFolder
    backend: BackendName
    cache: EngineCache
    device: dict[str, str]
    versions: dict[str, str]
    most_time: float

    def key(self, stage: StageSpec, precision: Precision) -> str:
        """Hash of everything that decides how the stage is built and judged."""
        manifest = self.bundle.manifest
        calibration = manifest.calibration.get(stage.name)
        return cache_key(
            {
                "graph": manifest.file(stage.file).sha256,
                "calibration": manifest.file(calibration).sha256 if calibration else None,
                "stage": encode_document(stage).decode(),
                "constants": encode_document([manifest.limits, manifest.tts]).decode(),
                "profiles": encode_document(stage_profiles(manifest, stage)).decode(),
                "backend": self.backend,
                "precision": precision,
                "device": self.device,
                "versions": self.versions,
                "most_time": self.most_time,
            }
        )


def build_stage(context: BuildContext, stage: StageSpec, precision: Precision) -> StageFolder:
    """The stage from the cache, or built into it. Raises BuildError."""
    key = context.key(stage, precision)
    path = context.cache.obtain(key, lambda folder: _Attempt(context, stage, precision, key).write(folder))
    return StageFolder(path, read_document(path / RECORD_FILE, StageRecord))


class _Attempt:
    """One precision of one stage, from graph to files."""

    def __init__(self, context: BuildContext, stage: StageSpec, precision: Precision, key: str) -> None:
        self._context, self._stage, self._precision, self._key = context, stage, precision, key
        self._began = time.perf_counter()
        self._builder = make_builder(context.backend)

    def write(self, folder: Path) -> None:
        """Fill `folder` with the stage in this precision, or with the fallback's files and the reason."""
        context = self._context
        path = context.bundle.file(self._stage.file)
        seen, unseen = self._playlists()
        evaluation = record_evaluation(path.read_bytes(), unseen)
        candidates = make_candidates(
            Graph.load(path), context.bundle.manifest, self._stage, context.backend, self._precision, seen
        )
        safer = FALLBACK[context.backend].get(self._precision)
        fallback = build_stage(context, self._stage, safer) if safer is not None else None
        reason = "no node can be quantised"
        for candidate in candidates:
            if self._precision is Precision.INT8 and not candidate.lowered(Precision.INT8):
                continue
            engine = self._builder.build(candidate.graph, candidate.profiles)
            verdict = self._judge(candidate, engine, evaluation, fallback)
            if verdict.passed:
                self._accept(folder, candidate, engine, evaluation, verdict)
                return
            reason = f"{self._precision}: {verdict.reason}"
        self._fall_back(folder, fallback, candidates[-1], reason)

    def _playlists(self) -> tuple[Playlist, Playlist]:
        """To calibrate with, and to judge by."""
        bundle, stage = self._context.bundle.manifest, self._stage
        halves = load_recording(self._context.bundle, stage).halves(streaming=bool(moving_states(stage)))
        length = scenario_length(bundle, stage, frozen=self._context.backend is not BackendName.ORT_CPU)
        seen, unseen = (Playlist(stage, length, make_scenarios(bundle, stage, half)) for half in halves)
        return seen, unseen

    def _judge(
        self, candidate: Candidate, engine: bytes, evaluation: Evaluation, fallback: StageFolder | None
    ) -> Verdict:
        """Numbers always; kernels and speed where the engine itself can run and a lower precision is at stake."""
        if self._context.backend is not BackendName.ORT_CPU:
            return judge_numbers(candidate.graph.to_bytes(), evaluation, self._precision, STAND_IN)
        verdict = judge_numbers(engine, evaluation, self._precision)
        if fallback is None or not verdict.passed:
            return verdict
        kernels = judge_kernels(candidate.graph, evaluation.playlist)
        reference = fallback.path / fallback.record.stage.file.path
        speed = judge_speed(engine, reference, evaluation.playlist, self._context.most_time)
        return Verdict((*verdict.rows, *kernels.rows, *speed.rows))

    def _accept(
        self, folder: Path, candidate: Candidate, engine: bytes, evaluation: Evaluation, verdict: Verdict
    ) -> None:
        name = self._stage.name
        file = folder / f"{name}{self._builder.suffix}"
        file.write_bytes(engine)
        (folder / EVALUATION).mkdir()
        (folder / EVALUATION / f"{name}.npz").write_bytes(encode_evaluation(evaluation))
        if self._context.backend is not BackendName.ORT_CPU:
            (folder / EVALUATION / f"{name}.onnx").write_bytes(candidate.graph.to_bytes())
        inputs, outputs = candidate.graph.specs()
        stage = EngineStage(
            spec=replace(self._stage, file=file.name, inputs=inputs, outputs=outputs),
            file=FileEntry(file.name, sha256_file(file), file.stat().st_size),
            precision=self._precision,
            policy=candidate.policy,
            profiles=candidate.profiles,
            build_seconds=round(time.perf_counter() - self._began, 3),
            cache_key=self._key,
        )
        write_document(folder / RECORD_FILE, StageRecord(stage, verdict.rows, ""))

    def _fall_back(self, folder: Path, fallback: StageFolder | None, candidate: Candidate, reason: str) -> None:
        name, precision = self._stage.name, self._precision
        if fallback is None:
            raise BuildError(
                f"stage {name} fails the gate in {reason}; its lowering for {self._context.backend} is wrong"
            )
        shutil.copytree(fallback.path, folder, dirs_exist_ok=True)
        record = fallback.record
        used = record.stage.precision
        said = f"{used} because {precision} failed: {reason}" if reason else ""
        refused = {row.node for row in candidate.policy if row.precision is precision}
        policy = tuple(replace(p, reason=said) if p.node in refused else p for p in record.stage.policy)
        seconds = round(time.perf_counter() - self._began, 3)
        stage = replace(record.stage, policy=policy, build_seconds=seconds, cache_key=self._key)
        write_document(folder / RECORD_FILE, StageRecord(stage, record.gate, f"{name} stays {used}: {reason}"))


def make_builder(backend: BackendName) -> EngineBuilder:
    """The builder of a backend."""
    if backend is BackendName.ORT_CPU:
        from speechtrt.engines.builders.ort import OrtBuilder

        return OrtBuilder()
    from speechtrt.engines.builders.tensorrt import TensorRTBuilder

    return TensorRTBuilder()
