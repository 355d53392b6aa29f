"""The gate over a whole engine set: does it still sound and read as the reference precision does?

When it does not, nodes of all stages are ranked together and spared as within one stage.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from speechtrt.engines.assembly import Selection, write_engine_set
from speechtrt.engines.build_context import BuildContext
from speechtrt.engines.current import compares_speech
from speechtrt.engines.fallback.search import search
from speechtrt.engines.gate.quality import QualityCheck
from speechtrt.engines.stage_build import build_stage, rank_stage
from speechtrt.fallback import GroupError
from speechtrt.precision import Precision
from speechtrt.quality import describe_difference


def settle_speech(
    context: BuildContext,
    precision: Precision,
    selection: Selection,
    make_check: Callable[[], QualityCheck],
    say: Callable[[str], None],
) -> Selection:
    """`selection` with its figures, or with as many nodes spared as speech needs, or in the reference precision.

    A set that this machine cannot run, or that is of the reference precision anyway, comes back as it was.
    """
    if not compares_speech(context.backend, precision) or not selection.lowered(precision):
        return selection
    with tempfile.TemporaryDirectory(prefix="speechtrt-trial.") as folder:
        return _SpeechGate(context, precision, make_check(), Path(folder), say).settle(selection)


class _SpeechGate:
    def __init__(
        self,
        context: BuildContext,
        precision: Precision,
        check: QualityCheck,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self._context, self._precision, self._check, self._say = context, precision, check, say
        self._folder = folder
        self._trials: dict[int, Selection] = {}
        safer = context.backend.reference_precision
        self._reference = self._built(context, safer)
        (folder / "reference").mkdir()
        write_engine_set(folder / "reference", context, safer, self._reference)

    def settle(self, selection: Selection) -> Selection:
        heard = self._heard(selection, 0)
        if not heard.reason:
            return heard
        self._say(f"  {heard.reason}")
        groups = self._ranked(selection)
        found = search(groups, lambda count: self._try(groups[:count], count).reason, heard.reason)
        if found.spared is None:
            return replace(self._reference, search=found.record, reason=heard.reason)
        return replace(self._trials[found.spared], search=found.record, reason="")

    def _ranked(self, selection: Selection) -> list[GroupError]:
        """Groups of every lowered stage that are lowered still, the worst first; nodes carry their stage's name."""
        ranked = []
        for built in selection.stages:
            stage = built.record.stage
            if stage.precision is self._precision:
                lowered = {row.node for row in stage.policy if row.precision is self._precision}
                spec = self._context.bundle.manifest.stage(stage.spec.name)
                groups = rank_stage(self._context, spec, self._precision)
                ranked += [_of_stage(spec.name, group) for group in groups if lowered.intersection(group.nodes)]
        return sorted(ranked, key=_harm, reverse=True)

    def _try(self, groups: list[GroupError], count: int) -> Selection:
        spared: dict[str, tuple[str, ...]] = {}
        for stage, _, node in (name.partition("/") for group in groups for name in group.nodes):
            spared[stage] = (*spared.get(stage, ()), node)
        self._trials[count] = self._heard(self._built(replace(self._context, spared=spared), self._precision), count)
        return self._trials[count]

    def _built(self, context: BuildContext, precision: Precision) -> Selection:
        return Selection(tuple(build_stage(context, s, precision) for s in context.bundle.manifest.stages))

    def _heard(self, selection: Selection, count: int) -> Selection:
        """`selection` with its figures; the reason is empty when they pass."""
        folder = self._folder / f"trial-{count}"
        folder.mkdir()
        write_engine_set(folder, self._context, self._precision, selection)
        report = self._check.compare(folder, self._folder / "reference")
        shutil.rmtree(folder)
        bad = (figure for figure in report.figures if not figure.passed)
        failed = ", ".join(f"{f.metric} of {f.group} {describe_difference(f)}" for f in bad)
        return replace(selection, figures=report.figures, reason=f"speech: {failed}" if failed else "")


def _harm(group: GroupError) -> float:
    """What it does to its stage, or else to its own result; what is not finite is worst."""
    if group.error is None:
        return float("inf")
    return group.error if group.effect is None else group.effect


def _of_stage(stage: str, group: GroupError) -> GroupError:
    return replace(group, nodes=tuple(f"{stage}/{node}" for node in group.nodes))
