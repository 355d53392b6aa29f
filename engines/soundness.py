"""Is an engine set what its manifest says? Hashes, versions, every engine opened, every recorded gate run again."""

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder, EngineStage, GateRow
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.device import device_fingerprint
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.comparison import compare_outputs
from speechtrt.engines.gate.execution import StagePlayer
from speechtrt.engines.gate.judgement import STAND_IN, judge_numbers
from speechtrt.engines.gate.limits import LIMITS
from speechtrt.engines.gate.stand_in import stand_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.stage_build import make_builder
from speechtrt.engines.versions import RUNS_ON, installed
from speechtrt.errors import SpeechTRTError
from speechtrt.precision import BackendName

ALL = "engine set"


def check_files(engines: EngineFolder) -> list[GateRow]:
    """Every listed file against its hash."""
    try:
        engines.verify()
    except SpeechTRTError as error:
        return [yes_or_no(ALL, "hashes", False, str(error))]
    return [yes_or_no(ALL, "hashes", True, f"{len(engines.manifest.files)} files")]


def check_versions(engines: EngineFolder) -> list[GateRow]:
    """A plan runs on the version that wrote it, and one that measured its tactics on that kind of GPU only.

    Another CPU only makes the recorded speed a memory.
    """
    manifest = engines.manifest
    package = RUNS_ON[manifest.backend]
    built, here = manifest.builder.get(package, "unknown"), installed(package)
    note = package if built == here else f"built with {package} {built}, this is {here}; build it again"
    return [yes_or_no(ALL, "backend_version", built == here, note), _device_row(engines)]


def _device_row(engines: EngineFolder) -> GateRow:
    """Where no GPU answers, nothing is deserialised either."""
    manifest = engines.manifest
    built, here = manifest.device, device_fingerprint(manifest.backend)
    name = built.get("name", "unknown")
    kinds = [(device.get("name"), device.get("sm")) for device in (built, here)]
    if manifest.backend is BackendName.TENSORRT and "sm" in here and kinds[0] != kinds[1]:
        found = f"{here.get('name')} (compute {here['sm']})"
        note = f"built on {name} (compute {built.get('sm')}), this is {found}; build it again here"
        return yes_or_no(ALL, "device", False, note)
    note = "" if built == here else f"built on {name}; its speed here was not measured"
    return yes_or_no(ALL, "device", True, note)


def check_bundle(engines: EngineFolder, bundle: BundleFolder) -> GateRow:
    """Was the set built from this bundle?"""
    same = engines.manifest.bundle_sha256 == bundle.sha256
    return yes_or_no(
        ALL, "bundle", same, "" if same else f"was built from another bundle than {bundle.path}; build it again"
    )


def check_stage(engines: EngineFolder, stage: EngineStage, player: StagePlayer | None = None) -> list[GateRow]:
    """Open the engine, then play the recorded scenarios. An error is a failed row, and the other stages go on.

    An engine for a GPU is played by `player`; without one its graph stands in for it.
    """
    name = stage.spec.name
    try:
        builder = make_builder(engines.manifest.backend)
        note = builder.open(engines.file(stage.file.path), stage)
        for bucket in stage.buckets:
            builder.open(engines.file(bucket.file.path), stage)
    except SpeechTRTError as error:
        return [yes_or_no(name, "opens", False, str(error))]
    try:
        return [yes_or_no(name, "opens", True, note), *_numbers(engines, stage, player)]
    except SpeechTRTError as error:
        return [yes_or_no(name, "runs", False, str(error))]


def _numbers(engines: EngineFolder, stage: EngineStage, player: StagePlayer | None) -> tuple[GateRow, ...]:
    name = stage.spec.name
    canonical = engines.manifest.model.stage(name)
    evaluation = decode_evaluation(engines.file(f"{EVALUATION}/{name}.npz"), canonical)
    if engines.manifest.backend is BackendName.ORT_CPU:
        return judge_numbers(engines.file(stage.file.path), evaluation, stage.precision).rows
    if player is not None:
        found, note = player.answers(engines, evaluation.playlist), f"executed on {player.device}"
        return tuple(compare_outputs(name, evaluation.outputs, found, LIMITS[stage.precision], note))
    graph = engines.file(f"{EVALUATION}/{name}.onnx")
    return judge_numbers(stand_in(Graph.load(graph)).to_bytes(), evaluation, stage.precision, STAND_IN).rows


def yes_or_no(stage: str, metric: str, passed: bool, note: str) -> GateRow:
    """A yes-or-no check: 0 failures, or 1."""
    return GateRow(stage, metric, 0.0 if passed else 1.0, 0.0, passed, note)
