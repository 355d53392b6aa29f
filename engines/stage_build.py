"""Builds one stage: attempt, gate, and the next safer precision when the gate says no."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from speechtrt.documents import read_document, write_document
from speechtrt.engine_set import Bucket, EngineStage, GateRow, NodePolicy
from speechtrt.engines.bucketing import entry_of, open_border, write_buckets
from speechtrt.engines.build_context import EVALUATION, RECORD_FILE, BuildContext, StageFolder, StageRecord
from speechtrt.engines.builders.base import EngineBuilder
from speechtrt.engines.calibration import load_recording
from speechtrt.engines.candidate import FALLBACK, Candidate, make_candidates
from speechtrt.engines.evaluation import Evaluation, encode_evaluation, record_evaluation
from speechtrt.engines.fallback.effect import rank_by_effect
from speechtrt.engines.fallback.mixture import make_mixture
from speechtrt.engines.fallback.partial import find_partial, spare
from speechtrt.engines.fallback.relief import relieve
from speechtrt.engines.fulfilment import check_fulfilled
from speechtrt.engines.gate.judgement import BUILDS, STAND_IN, Verdict, judge_kernels, judge_numbers, judge_speed
from speechtrt.engines.gate.stand_in import stand_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.policy import weight_counts
from speechtrt.engines.scenario import CALIBRATION_STEPS, Playlist, make_scenarios, moving_states, scenario_length
from speechtrt.errors import BuildError, PrecisionError
from speechtrt.fallback import FallbackSearch, GroupError
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec


def build_stage(context: BuildContext, stage: StageSpec, precision: Precision) -> StageFolder:
    """The stage from the cache, or built into it. Raises BuildError."""
    key = context.key(stage, precision)
    path = context.cache.obtain(key, lambda folder: _Attempt(context, stage, precision, key).write(folder))
    return StageFolder(path, read_document(path / RECORD_FILE, StageRecord))


def rank_stage(context: BuildContext, stage: StageSpec, precision: Precision) -> list[GroupError]:
    """What of a stage could be spared, the worst first."""
    return _Attempt(context, stage, precision, "").ranked()


class _Attempt:
    """One precision of one stage, from graph to files."""

    def __init__(self, context: BuildContext, stage: StageSpec, precision: Precision, key: str) -> None:
        self._context, self._stage, self._precision, self._key = context, stage, precision, key
        self._began = time.perf_counter()
        self._builder = make_builder(context.backend)
        self._safer = FALLBACK[context.backend].get(precision)
        self._refused: dict[str, str] = {}
        self._search: FallbackSearch | None = None
        self._weights: dict[str, int] = {}

    def write(self, folder: Path) -> None:
        """Fill `folder` with the stage in this precision, or with the fallback's files and the reason."""
        seen, unseen = self._playlists()
        evaluation = record_evaluation(self._context.bundle.file(self._stage.file).read_bytes(), unseen)
        reason = "no node can be quantised"
        for candidate in self._candidates(seen):
            engine, verdict = self._try(candidate, evaluation)
            searched = verdict.inexact and self._safer is not None
            if searched and (mended := self._mend(candidate, verdict, evaluation, seen)) is not None:
                candidate = mended
                engine, verdict = self._try(candidate, evaluation)
            reason = f"{self._precision}: {verdict.reason}"
            if verdict.passed:
                self._search = self._search if searched else None  # not that of a bolder candidate
                self._accept(folder, candidate, engine, evaluation, verdict)
                return
            self._refuse(candidate, reason)
        self._fall_back(folder, reason)

    def ranked(self) -> list[GroupError]:
        """Groups of the boldest candidate."""
        seen, unseen = self._playlists()
        for candidate in self._candidates(seen):
            if candidate.full is not None:
                mixture = make_mixture(candidate.full, candidate.graph, self._precision)
                inputs = _of_length(seen, unseen)
                return [group.as_record() for group in rank_by_effect(mixture, mixture.groups(inputs), inputs)]
        return []

    def _candidates(self, seen: Playlist) -> Iterator[Candidate]:
        """What is worth trying, the boldest first, without the nodes that are spared in any case."""
        context = self._context
        canonical = Graph.load(context.bundle.file(self._stage.file))
        self._weights = weight_counts(canonical)
        foreign = context.quantised.get(self._stage.name)
        bundle, precision = context.bundle.manifest, self._precision
        for candidate in make_candidates(canonical, bundle, self._stage, context.backend, precision, seen, foreign):
            if self._safer is not None:
                nodes = context.spared.get(self._stage.name, ())
                candidate = spare(candidate, self._precision, self._safer, nodes)
            if not self._precision.quantized or candidate.lowered(self._precision):
                yield candidate

    def _mend(self, candidate: Candidate, verdict: Verdict, evaluation: Evaluation, seen: Playlist) -> Candidate | None:
        """The candidate with a remedy, or with as few nodes as possible in the safer precision, if the gate passes it.

        Nodes are spared of what errs least with every node lowered.
        """
        assert self._safer is not None
        relief = relieve(candidate, verdict, lambda made: self._numbers(made.graph, evaluation))
        if relief.verdict.passed:
            self._search = FallbackSearch((), relief.steps)
            return relief.candidate
        inputs = _of_length(seen, evaluation.playlist)
        refused = f"{self._precision}: {relief.verdict.reason}"
        partial = find_partial(
            relief.candidate,
            self._precision,
            self._safer,
            inputs,
            lambda graph: self._numbers(graph, evaluation).reason,
            refused,
        )
        self._search = replace(partial.record, steps=(*relief.steps, *partial.record.steps[1:]))
        return partial.candidate

    def _numbers(self, graph: Graph, evaluation: Evaluation) -> Verdict:
        """What the gate says of a graph's numbers, without an engine and without a clock."""
        try:
            return self._exactness(None, graph, evaluation)
        except BuildError as error:
            return self._unbuilt(error)

    def _try(self, candidate: Candidate, evaluation: Evaluation) -> tuple[bytes, Verdict]:
        """Engine and verdict. What cannot be built or run has failed too, unless nothing safer is left.

        Raises PrecisionError for a lowering without effect: no fallback may hide it.
        """
        check_fulfilled(candidate.graph, candidate.policy)
        try:
            engine = self._builder.build(candidate.graph, candidate.profiles, candidate.policy)
            return engine, self._judge(candidate, engine, evaluation)
        except PrecisionError:
            raise
        except BuildError as error:
            if self._safer is None:
                raise
            return b"", self._unbuilt(error)

    def _unbuilt(self, error: BuildError) -> Verdict:
        return Verdict((GateRow(self._stage.name, BUILDS, 1.0, 0.0, False, str(error)),))

    def _refuse(self, candidate: Candidate, reason: str) -> None:
        """Remember why the nodes that this candidate lowered stay in a safer precision."""
        nodes = (row.node for row in candidate.policy if row.precision is self._precision)
        self._refused |= dict.fromkeys(nodes, f"refused in {reason}")

    def _explained(self, policy: tuple[NodePolicy, ...]) -> tuple[NodePolicy, ...]:
        """`policy` with the reasons of refusals."""
        return tuple(
            replace(row, reason=self._refused[row.node])
            if row.node in self._refused and row.precision is not self._precision
            else row
            for row in policy
        )

    def _weighed(self, policy: tuple[NodePolicy, ...]) -> tuple[NodePolicy, ...]:
        """`policy` with the number of weights of each node."""
        return tuple(replace(row, weights=self._weights.get(row.node, 0)) for row in policy)

    def _playlists(self) -> tuple[Playlist, Playlist]:
        """To calibrate with, and to judge by."""
        bundle, stage = self._context.bundle.manifest, self._stage
        halves = load_recording(self._context.bundle, stage).halves(streaming=bool(moving_states(stage)))
        frozen = self._context.backend is not BackendName.ORT_CPU
        seen = make_scenarios(bundle, stage, halves[0], CALIBRATION_STEPS)
        unseen = make_scenarios(bundle, stage, halves[1])
        return (
            Playlist(stage, scenario_length(bundle, stage, frozen=False), seen),  # for the canonical graph
            Playlist(stage, scenario_length(bundle, stage, frozen=frozen), unseen),
        )

    def _judge(self, candidate: Candidate, engine: bytes, evaluation: Evaluation) -> Verdict:
        """Numbers always; kernels and speed where the engine itself can run and a lower precision is at stake."""
        runs_here = self._context.backend is BackendName.ORT_CPU
        verdict = self._exactness(engine if runs_here else None, candidate.graph, evaluation)
        if not runs_here or self._safer is None or not verdict.passed:
            return verdict
        fallback = self._safer_stage(self._safer)
        reference = fallback.path / fallback.record.stage.file.path
        speed = judge_speed(engine, reference, evaluation.playlist, self._context.most_time)
        return Verdict((*verdict.rows, *speed.rows))

    def _exactness(self, engine: bytes | None, graph: Graph, evaluation: Evaluation) -> Verdict:
        """Numbers of the engine, or of its graph; and for integers on this CPU whether its kernels get them right."""
        if self._context.backend is not BackendName.ORT_CPU:
            return judge_numbers(stand_in(graph).to_bytes(), evaluation, self._precision, STAND_IN)
        verdict = judge_numbers(engine or graph.to_bytes(), evaluation, self._precision)
        if self._safer is None or not verdict.passed:
            return verdict
        return Verdict((*verdict.rows, *judge_kernels(graph, evaluation.playlist).rows))

    def _safer_stage(self, safer: Precision) -> StageFolder:
        return build_stage(replace(self._context, spared={}), self._stage, safer)

    def _accept(
        self, folder: Path, candidate: Candidate, engine: bytes, evaluation: Evaluation, verdict: Verdict
    ) -> None:
        name = self._stage.name
        file = folder / f"{name}{self._builder.suffix}"
        file.write_bytes(engine)
        (folder / EVALUATION).mkdir()
        (folder / EVALUATION / f"{name}.npz").write_bytes(encode_evaluation(evaluation))
        buckets: tuple[Bucket, ...] = ()
        if self._context.backend is not BackendName.ORT_CPU:
            (folder / EVALUATION / f"{name}.onnx").write_bytes(candidate.graph.to_bytes())
            manifest = self._context.bundle.manifest
            buckets = write_buckets(folder, file, self._builder, candidate, manifest, self._stage)
        inputs, outputs = candidate.graph.specs()
        stage = EngineStage(
            spec=replace(
                self._stage,
                file=file.name,
                inputs=open_border(inputs, self._stage.inputs),
                outputs=open_border(outputs, self._stage.outputs),
            ),
            file=entry_of(file),
            buckets=buckets,
            precision=self._precision,
            policy=self._weighed(self._explained(candidate.policy)),
            profiles=candidate.profiles,
            build_seconds=round(time.perf_counter() - self._began, 3),
            cache_key=self._key,
            search=self._search,
        )
        write_document(folder / RECORD_FILE, StageRecord(stage, verdict.rows, ""))

    def _fall_back(self, folder: Path, reason: str) -> None:
        name = self._stage.name
        if self._safer is None:
            backend = self._context.backend
            raise BuildError(f"stage {name} fails the gate in {reason}; its lowering for {backend} is wrong")
        fallback = self._safer_stage(self._safer)
        shutil.copytree(fallback.path, folder, dirs_exist_ok=True)
        record = fallback.record
        stage = replace(
            record.stage,
            policy=self._explained(record.stage.policy),
            build_seconds=round(time.perf_counter() - self._began, 3),
            cache_key=self._key,
            search=self._search or record.stage.search,
        )
        said = f"{name} stays {record.stage.precision}: {reason}"
        write_document(folder / RECORD_FILE, StageRecord(stage, record.gate, said))


def _of_length(playlist: Playlist, other: Playlist) -> Playlist:
    """`playlist` for caches as long as those of `other`."""
    return replace(playlist, max_len=other.max_len)


def make_builder(backend: BackendName) -> EngineBuilder:
    """The builder of a backend."""
    if backend is BackendName.ORT_CPU:
        from speechtrt.engines.builders.ort import OrtBuilder

        return OrtBuilder()
    if backend is BackendName.ORT_CUDA:
        from speechtrt.engines.builders.graph_file import GraphFileBuilder

        return GraphFileBuilder()
    from speechtrt.engines.builders.flavour import FLAVOURS
    from speechtrt.engines.builders.tensorrt import TensorRTBuilder

    return TensorRTBuilder(FLAVOURS[backend])
