"""`speechtrt inspect`: what a bundle or an engine set is, read from its manifest."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.bundle import BUNDLE_FILE, Bundle, BundleFolder
from speechtrt.console import emit_json
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, EngineSet, EngineStage
from speechtrt.errors import ManifestError
from speechtrt.specs import StageSpec, TensorSpec

if TYPE_CHECKING:
    from rich.table import Table

Folder = BundleFolder | EngineFolder


def open_artefact(path: Path) -> Folder:
    """The bundle or engine set at `path`. Raises ManifestError when it is neither."""
    if (path / ENGINE_FILE).is_file():
        return EngineFolder.open(path)
    if (path / BUNDLE_FILE).is_file():
        return BundleFolder.open(path)
    raise ManifestError(f"{path}: is neither a bundle ({BUNDLE_FILE}) nor an engine set ({ENGINE_FILE})")


def shape(tensor: TensorSpec) -> str:
    """`float32 [slots, 2, 80]`."""
    return f"{tensor.dtype} [{', '.join(map(str, tensor.shape))}]"


def tensor_table(stage: StageSpec) -> "Table":
    """Inputs and outputs of a stage with the role of each state."""
    from rich.table import Table

    roles = {name: state.kind.value for state in stage.states for name in (state.input, state.output) if name}
    table = Table("", "tensor", "type", "state", box=None, pad_edge=False, title_justify="left", title=stage.name)
    for direction, tensors in (("in", stage.inputs), ("out", stage.outputs)):
        for tensor in tensors:
            table.add_row(direction, tensor.name, shape(tensor).replace("[", r"\["), roles.get(tensor.name, ""))
    return table


def bundle_tables(bundle: Bundle) -> "list[Table]":
    """One table for the stages, one for parity, and one of tensors per stage."""
    from rich.table import Table

    sizes = {entry.path: entry.bytes for entry in bundle.files}
    stages = Table("stage", "file", "MB", "inputs", "outputs", "states", "context", box=None, pad_edge=False)
    for s in bundle.stages:
        counts = (len(s.inputs), len(s.outputs), len(s.states), s.context)
        stages.add_row(s.name, s.file, f"{sizes[s.file] / 1e6:.1f}", *map(str, counts))
    parity = Table("stage", "compared with PyTorch", "max abs error", "tolerance", box=None, pad_edge=False)
    for row in bundle.parity:
        parity.add_row(row.stage, row.quantity, f"{row.max_abs:.1e}", f"{row.tolerance:.0e}")
    return [stages, parity, *map(tensor_table, bundle.stages)]


def precision_counts(stage: EngineStage) -> str:
    """`int8 24, fp32 3`: how many heavy nodes run in which precision."""
    counts = Counter(node.precision.value for node in stage.policy)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or stage.precision.value


def engine_tables(engines: EngineSet) -> "list[Table]":
    """One table for the stages, one for the gate, and one for the nodes that were kept back."""
    from rich.table import Table

    stages = Table("stage", "precision", "nodes", "MB", "build s", "profiles", box=None, pad_edge=False)
    for s in engines.stages:
        profiles = ", ".join(f"{p.dim} {p.min}..{p.max}" for p in s.profiles)
        size = f"{s.file.bytes / 1e6:.1f}"
        stages.add_row(s.spec.name, s.precision, precision_counts(s), size, f"{s.build_seconds:.1f}", profiles)
    gate = Table("", "stage", "metric", "value", "limit", "note", box=None, pad_edge=False)
    for row in engines.gate:
        verdict = "[green]pass[/]" if row.passed else "[red]fail[/]"
        value = "-" if row.value is None else f"{row.value:.4g}"
        gate.add_row(verdict, row.stage, row.metric, value, f"{row.limit:.4g}", row.note)
    return [stages, gate]


def headline(folder: Folder) -> str:
    """One line that says what an artefact is."""
    if isinstance(folder, BundleFolder):
        bundle = folder.manifest
        return f"bundle {bundle.name}: {bundle.family} ({bundle.task}), from {bundle.source.id}"
    engines = folder.manifest
    return (
        f"engine set {engines.name}: {engines.backend} {engines.precision}, {engines.status}"
        f"{f' ({engines.reason})' if engines.reason else ''}"
    )


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as one JSON document.")
def inspect(path: Path, as_json: bool) -> None:
    """Show stages, shapes, precision, sizes, parity and gates of the bundle or engine set at PATH."""
    folder = open_artefact(path)
    folder.verify()
    if as_json:
        emit_json(folder.manifest)
        return
    from rich.console import Console

    console = Console()
    console.print(headline(folder), highlight=False)
    manifest = folder.manifest
    for table in bundle_tables(manifest) if isinstance(manifest, Bundle) else engine_tables(manifest):
        console.print()
        console.print(table)
