"""`speechtrt bench`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.benchmarks.options import BUILD, OUT, common_options, recogniser_options
from speechtrt.benchmarks.output import show
from speechtrt.console import note
from speechtrt.runtime.reference import CTC, VOICE

if TYPE_CHECKING:
    from speechtrt.benchmarks.tts.subject import Subject

DIMENSIONS = ("speecht5",)
TUNING = BUILD / "train/data/dialect_dev"
DIALECTS = "dialects"


@click.group()
def bench() -> None:
    """Measure engines against their baseline in one run on this machine."""


@bench.command()
@click.option("--model", default="voice", show_default=True, help="Reference model, checkpoint folder or hub id.")
@click.option("--dimensions", type=click.Choice(DIMENSIONS), help="Random weights of a published size instead.")
@click.option("--slots", type=click.IntRange(1), default=8, show_default=True, help="Sentences decoded at once.")
@common_options
def tts(
    model: str,
    dimensions: str | None,
    slots: int,
    engines: Path | None,
    out: Path,
    threads: int,
    trials: int,
    quick: bool,
    as_json: bool,
) -> None:
    """Text to speech: from transformers' generate_speech to engines with batching and overlap, step by step."""
    from speechtrt.benchmarks.engine_sets import reference_listener
    from speechtrt.benchmarks.tts.benchmark import Plan, run_tts

    subject = _tts_subject(model, dimensions, engines)
    plan = Plan(
        slots=slots, threads=threads, trials=trials, quick=quick, listener=reference_listener(BUILD / "engines")
    )
    report = run_tts(subject, plan, note)
    path = report.write(out, f"tts_benchmarks_{dimensions}_dimensions" if dimensions else "tts_benchmarks")
    show(report.result, report.table, path, as_json)


@bench.command()
@recogniser_options
@common_options
def asr(
    model: str,
    audio: Path | None,
    engines: Path | None,
    out: Path,
    threads: int,
    trials: int,
    quick: bool,
    as_json: bool,
) -> None:
    """Speech to text: real-time factor and error rates by chunk and batch."""
    from speechtrt.benchmarks.asr.benchmark import run_asr
    from speechtrt.benchmarks.asr.subject import find_subject

    subject = find_subject(model, engines or BUILD / "engines" / model, audio)
    report = run_asr(subject, threads, trials, quick, note)
    path = report.write(out, "asr_benchmarks")
    show(report.result, report.table, path, as_json)


@bench.command()
@recogniser_options
@click.option(
    "--chunk", "chunks", type=int, multiple=True, help="Chunk in milliseconds; all of the model's if not given."
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "int8"]),
    help="Engines to measure; the best accepted ones if not given.",
)
@click.option(
    "--peer", type=click.Choice(["sherpa-onnx"]), help="Measure another runtime with the same weights beside it."
)
@common_options
def stream(
    model: str,
    audio: Path | None,
    chunks: tuple[int, ...],
    precision: str | None,
    peer: str | None,
    engines: Path | None,
    out: Path,
    threads: int,
    trials: int,
    quick: bool,
    as_json: bool,
) -> None:
    """Live speech to text: the largest number of paced streams that are served in time, and what they cost."""
    from speechtrt.benchmarks.asr.subject import find_subject
    from speechtrt.benchmarks.stream.benchmark import run_stream
    from speechtrt.benchmarks.stream.load import full_plan, quick_plan
    from speechtrt.benchmarks.stream.near import found_earlier

    subject = find_subject(model, engines or BUILD / "engines" / model, audio)
    near = found_earlier(out / "streaming_performance.json", subject.name)
    sizes = chunks or subject.chunks
    plan = quick_plan(sizes[-1:] if peer else sizes) if quick else full_plan(sizes, trials, near)
    headline = f"ort-cpu-{precision}" if precision else next(iter(subject.sides))
    report = run_stream(subject, headline, plan, threads, quick, note, BUILD / peer if peer else None)
    path = report.write(out, "streaming_performance")
    show(report.result, report.table, path, as_json)


@bench.command()
@click.option("--trials", type=click.IntRange(1), default=5, show_default=True, help="Rounds; all engines in each.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="Results folder.")
@click.option("--quick", is_flag=True, help="One round of the trained models; not for quoting.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout.")
def engines(trials: int, out: Path, quick: bool, as_json: bool) -> None:
    """Engines below build/engines beside their reference precision, stage by stage; builds and validation, too."""
    from speechtrt.benchmarks.engines.benchmark import built_plan, run_engines

    report = run_engines(built_plan(BUILD, 1 if quick else trials, quick), note)
    show(report.result, report.table, report.write(out), as_json)


@bench.command()
@click.option("--model", default=CTC, show_default=True, help="Recogniser, or any name with --engines.")
@click.option("--voice", default=VOICE, show_default=True, help="Voice, or any name with --voice-engines.")
@click.option("--voice-engines", type=click.Path(path_type=Path), help="The voice's folder of engine sets.")
@click.option("--audio", type=click.Path(path_type=Path), help="Recordings with texts.jsonl, if not the shipped ones.")
@common_options
def serve(
    model: str,
    voice: str,
    voice_engines: Path | None,
    audio: Path | None,
    engines: Path | None,
    out: Path,
    threads: int,
    trials: int,
    quick: bool,
    as_json: bool,
) -> None:
    """The server over real sockets: streams, first audio, overload, disconnects, start; against the same in process."""
    from speechtrt.benchmarks.asr.subject import find_subject
    from speechtrt.benchmarks.engine_sets import accepted_engines
    from speechtrt.benchmarks.serving.benchmark import run_serve
    from speechtrt.benchmarks.serving.load import full_plan, quick_plan
    from speechtrt.benchmarks.stream.near import found_earlier

    subject = find_subject(model, engines or BUILD / "engines" / model, audio)
    speaking = next(iter(accepted_engines(voice_engines or BUILD / "engines" / voice).values()))
    chunk = max(subject.chunks)  # the one that the server hears live streams in
    earlier = found_earlier(out / "serving_performance.json", subject.name)
    near = {f"{side}.chunk_{chunk}": streams for side, streams in earlier.items()}
    plan = quick_plan(chunk) if quick else full_plan(chunk, trials, near)
    report = run_serve(subject, (voice, speaking), plan, threads, quick, note)
    path = report.write(out, "serving_performance")
    show(report.result, report.table, path, as_json)


@bench.command()
@click.option("--model", default=CTC, show_default=True, help="Reference model, or any name with --engines.")
@click.option("--engines", type=click.Path(path_type=Path), help="Engine set, if not the model's best.")
@click.option("--trials", type=click.IntRange(1), default=3, show_default=True, help="Rounds; all decodings in each.")
@click.option("--tune", is_flag=True, help="Weights and bonuses around the defaults, on data that tests nothing.")
@click.option("--data", type=click.Path(path_type=Path), default=TUNING, show_default=True, help="Made set for --tune.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="Results folder.")
@click.option("--quick", is_flag=True, help="One round of a few recordings; not for quoting.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout.")
def decoding(
    model: str, engines: Path | None, trials: int, tune: bool, data: Path, out: Path, quick: bool, as_json: bool
) -> None:
    """Greedy decoding, beams and a language model on the dialect test set: word errors, and what they cost."""
    from speechtrt.benchmarks.decoding.benchmark import DecodingPlan, run_decoding
    from speechtrt.benchmarks.decoding.load import compared_ways, made_set, test_set, tuned_ways
    from speechtrt.engine_set import EngineFolder
    from speechtrt.runtime.asr.lanes import known_chunks
    from speechtrt.runtime.reference import reference_engines

    folder = engines or reference_engines(model)
    plan = DecodingPlan(
        engines=folder,
        chunks=known_chunks(EngineFolder.open(folder).manifest.model),
        ways=tuned_ways() if tune else compared_ways(),
        set=data.name if tune else DIALECTS,
        spoken=made_set(data, quick) if tune else test_set(quick),
        trials=1 if quick else trials,
        quick=quick,
    )
    report = run_decoding(plan, note)
    path = report.write(out, "decoding_tuning" if tune else "decoding")
    show(report.result, report.table, path, as_json)


@bench.command()
@recogniser_options
@click.option("--place", type=click.Path(path_type=Path), default=BUILD / "triton", help="Environment of the server.")
@common_options
def triton(
    model: str,
    audio: Path | None,
    place: Path,
    engines: Path | None,
    out: Path,
    threads: int,
    trials: int,
    quick: bool,
    as_json: bool,
) -> None:
    """What a Triton server adds to live streams; it runs in the server's environment (`make bench-triton`)."""
    from speechtrt.benchmarks.asr.subject import find_subject
    from speechtrt.benchmarks.triton.benchmark import TritonPlan, run_triton

    subject = find_subject(model, engines or BUILD / "engines" / model, audio)
    plan = TritonPlan.of(max(subject.chunks), threads, trials, quick)
    report = run_triton(subject, plan, place, quick, note)
    path = report.write(out, "triton_performance")
    show(report.result, report.table, path, as_json)


@bench.command()
@recogniser_options
@click.option("--engines", type=click.Path(path_type=Path), help="Folder of engine sets, if not the model's own.")
@click.option(
    "--trials", type=click.IntRange(1), default=3, show_default=True, help="Rounds; alone and at once in each."
)
@click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="Results folder.")
@click.option("--quick", is_flag=True, help="A smoke test within a minute; not for quoting.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout.")
def planner(
    model: str, audio: Path | None, engines: Path | None, trials: int, out: Path, quick: bool, as_json: bool
) -> None:
    """Two servers at once, each on a core of its own, against what `deploy plan` makes of one: some nine minutes."""
    from speechtrt.benchmarks.asr.subject import find_subject
    from speechtrt.benchmarks.planner.benchmark import run_planner
    from speechtrt.benchmarks.planner.load import full_plan, quick_plan
    from speechtrt.benchmarks.planner.report import NAME
    from speechtrt.benchmarks.stream.near import found_earlier

    subject = find_subject(model, engines or BUILD / "engines" / model, audio)
    chunk = max(subject.chunks)
    near = found_earlier(out / f"{NAME}.json", subject.name)
    plan = quick_plan(chunk) if quick else full_plan(chunk, trials, near)
    report = run_planner(subject, plan, quick, note)
    show(report.result, report.table, report.write(out), as_json)


def _tts_subject(model: str, dimensions: str | None, engines: Path | None) -> "Subject":
    from speechtrt.benchmarks.engine_sets import reference_checkpoint
    from speechtrt.benchmarks.tts.subject import TRAINED, find_subject

    if dimensions:
        from speechtrt.benchmarks.tts.dimensions import random_subject

        return random_subject(BUILD)
    if engines:
        return find_subject(model, model, engines, TRAINED, None)
    return find_subject(model, str(reference_checkpoint(model)), BUILD / "engines" / model, TRAINED, None)
