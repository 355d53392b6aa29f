"""`speechtrt eval asr`."""

from pathlib import Path

import click

from speechtrt.benchmarks.evaluation.normaliser import NormaliserName
from speechtrt.console import emit_json, note
from speechtrt.runtime.reference import CTC

BUILD = Path("build")


@click.command()
@click.argument("manifest", default="dialects")
@click.option("--model", "models", multiple=True, default=(CTC,), show_default=True, help="Below --engines; repeat it.")
@click.option("--engines", type=click.Path(path_type=Path), default=BUILD / "engines", show_default=True)
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(["fp32", "int8"]),
    multiple=True,
    default=("int8",),
    show_default=True,
)
@click.option(
    "--decoder",
    "decoders",
    type=click.Choice(["greedy", "beam", "beam-lm"]),
    multiple=True,
    default=("greedy",),
    show_default=True,
)
@click.option("--lm", default="words", show_default=True, help="ARPA file of beam-lm; `words` is the one that ships.")
@click.option(
    "--chunk", "chunks", type=int, multiple=True, help="Milliseconds; the largest of each model if not given."
)
@click.option(
    "--normaliser",
    type=click.Choice([str(name) for name in NormaliserName]),
    default=str(NormaliserName.BASIC),
    show_default=True,
    help="What counts as the same word.",
)
@click.option("--group-by", help="Column whose values are compared; dialect if there is one, else speaker.")
@click.option(
    "--keyword", "keywords", multiple=True, help="Routing sends utterances with it to the largest; repeat it."
)
@click.option("--most", type=click.IntRange(1), help="Utterances at most.")
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "results", show_default=True)
@click.option("--quick", is_flag=True, help="Ten utterances: a smoke test; not for quoting.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout.")
def asr(
    manifest: str,
    models: tuple[str, ...],
    engines: Path,
    precisions: tuple[str, ...],
    decoders: tuple[str, ...],
    lm: str,
    chunks: tuple[int, ...],
    normaliser: str,
    group_by: str | None,
    keywords: tuple[str, ...],
    most: int | None,
    out: Path,
    quick: bool,
    as_json: bool,
) -> None:
    """Error rates of models, precisions and decoders over MANIFEST, with intervals and tests.

    MANIFEST: `dialects` or `held-out` (shipped), a NeMo .jsonl, a Common Voice .tsv, a .csv with audio and text, a
    LibriSpeech folder, or a Kaldi data folder. What was heard is kept: the same command goes on where it was stopped.
    """
    from speechtrt.benchmarks.evaluation.decoders import find_decoders
    from speechtrt.benchmarks.evaluation.study import StudyPlan, run_study
    from speechtrt.benchmarks.evaluation.system import find_systems
    from speechtrt.precision import Precision

    systems = find_systems(engines, models, [Precision(one) for one in precisions], find_decoders(decoders, lm), chunks)
    plan = StudyPlan(
        manifest,
        systems,
        NormaliserName(normaliser),
        group_by,
        most,
        out,
        quick,
        frozenset(word.lower() for word in keywords),
    )
    study = run_study(plan, note)
    note(f"wrote {study.write(out)}")
    for skipped in study.result.load.skipped:
        note(f"left out {skipped.id}: {skipped.problem}")
    if as_json:
        emit_json(study.result)
    else:
        click.echo(study.table)
    if study.result.valid is not True:
        note("not for quoting:\n  " + "\n  ".join(study.result.valid))
