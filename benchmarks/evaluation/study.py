"""From a manifest and systems to a finished evaluation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.evaluation.comparing import Comparison, compare_all
from speechtrt.benchmarks.evaluation.document import NAME, EvaluationResult, make_document, make_load
from speechtrt.benchmarks.evaluation.errors import ErrorAnalysis, analyse
from speechtrt.benchmarks.evaluation.manifests.detection import open_manifest
from speechtrt.benchmarks.evaluation.manifests.manifest import SPEAKER, Manifest, Skipped
from speechtrt.benchmarks.evaluation.manifests.rates import sample_rates
from speechtrt.benchmarks.evaluation.markdown import markdown, picture_file, rates_in_words
from speechtrt.benchmarks.evaluation.normaliser import NormaliserName, open_normaliser
from speechtrt.benchmarks.evaluation.page.drawing import as_file
from speechtrt.benchmarks.evaluation.page.page import render
from speechtrt.benchmarks.evaluation.page.parts import shipped_text
from speechtrt.benchmarks.evaluation.page.pictures import Picture, pictures
from speechtrt.benchmarks.evaluation.routing import RoutingStudy, study_routing
from speechtrt.benchmarks.evaluation.scoring import score_all
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.evaluation.transcribing import Ledgers, Transcripts, transcribe_all
from speechtrt.benchmarks.statistics.paired import draws_for
from speechtrt.documents import write_document
from speechtrt.errors import DataError

DIALECT = "dialect"
QUICK_UTTERANCES = 10


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What to evaluate. `group_by` None is `dialect` where there is one, else the speaker; `keywords` are routing's."""

    manifest: str
    systems: tuple[System, ...]
    normaliser: NormaliserName
    group_by: str | None
    most: int | None
    out: Path
    quick: bool
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Study:
    """A finished evaluation."""

    result: EvaluationResult
    comparisons: tuple[Comparison, ...]
    analyses: tuple[ErrorAnalysis, ...]
    routing: RoutingStudy | None

    @property
    def table(self) -> str:
        """Markdown."""
        return markdown(self.result, self.comparisons, self.analyses, self.routing, self.pictures)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What the page shows and `write` writes."""
        return pictures(self.result, self.analyses, self.routing)

    def write(self, folder: Path) -> Path:
        """Write the JSON document, the Markdown, the pictures and the page into `folder`; the path of the document."""
        path = folder / f"{NAME}.json"
        write_document(path, self.result)
        write_bytes(path.with_suffix(".md"), self.table.encode())
        style = shipped_text("picture.css")
        for one in self.pictures:
            write_bytes(folder / picture_file(one.name), as_file(one.svg, one.title, style).encode())
        page = render(self.result, self.comparisons, self.analyses, self.routing, self.pictures)
        write_bytes(path.with_suffix(".html"), page.encode())
        return path


def run_study(plan: StudyPlan, report: Callable[[str], None]) -> Study:
    """Hear, score, compare. Raises SpeechTRTError."""
    normaliser = open_normaliser(plan.normaliser)
    manifest = open_manifest(plan.manifest, QUICK_UTTERANCES if plan.quick else plan.most)
    column = plan.group_by or (DIALECT if DIALECT in manifest.columns else SPEAKER)
    manifest.expect_column(column)
    rates = sample_rates(manifest.entries)
    if len(rates) > 1:
        report(f"recordings have {rates_in_words(rates)}; each is resampled by itself")
    transcripts = list(transcribe_all(plan.systems, manifest, Ledgers.open(plan.out), report))
    scored = score_all(transcripts, manifest.entries, normaliser, column)
    if not scored or not scored[0].scores:
        raise DataError(f"{manifest.name}: no recording could be heard by every system; check the audio files")
    report("scoring")
    comparisons = compare_all(scored)
    skipped = _skipped(manifest, transcripts)
    load = make_load(manifest.name, column, normaliser.title, scored, skipped, rates, draws_for(len(comparisons)))
    routing = study_routing(scored, plan.keywords)
    analyses = tuple(map(analyse, scored))
    result = make_document(read_environment(), load, scored, comparisons, analyses, routing, plan.quick)
    return Study(result, comparisons, analyses, routing)


def _skipped(manifest: Manifest, transcripts: Sequence[Transcripts]) -> list[Skipped]:
    unread = dict.fromkeys(one for heard in transcripts for one in heard.skipped)
    return [*manifest.skipped, *unread]
