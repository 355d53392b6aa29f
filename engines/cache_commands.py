"""`speechtrt cache`."""

import sys
from pathlib import Path

import click

from speechtrt.console import emit_json, note
from speechtrt.documents import SCHEMA
from speechtrt.engines.cache import DEFAULT_CACHE, EngineCache, verify_entry
from speechtrt.engines.cached_stage import CachedStage, Keep, cached_stages, surplus, sweep
from speechtrt.errors import SpeechTRTError

FOLDER = click.Path(path_type=Path, file_okay=False)
DAY = 86400.0
CACHE = click.option("--cache", type=FOLDER, default=DEFAULT_CACHE, show_default=True, help="The engine cache.")
ENGINES = click.option(
    "--engines", type=FOLDER, default=Path("build/engines"), show_default=True, help="Sets whose stages are in use."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group(name="cache")
def cache_group() -> None:
    """Look at, shrink and check the cache of built stages."""


@cache_group.command()
@CACHE
@ENGINES
@JSON
def ls(cache: Path, engines: Path, as_json: bool) -> None:
    """List built stages: size, time since the last use, and the engine sets they are in."""
    entries = cached_stages(EngineCache(cache), engines)
    if as_json:
        emit_json({"schema": SCHEMA, "entries": entries})
        return
    for entry in entries:
        click.echo(_line(entry))
    used = sum(entry.bytes for entry in entries if entry.used_by)
    total = sum(entry.bytes for entry in entries)
    note(f"{cache}: {len(entries)} stages, {total / 1e6:.1f} MB, of which {used / 1e6:.1f} MB are in use")


@cache_group.command()
@CACHE
@ENGINES
@click.option("--days", type=click.FloatRange(min=0), default=7.0, show_default=True, help="Keep what is younger.")
@click.option("--megabytes", type=click.FloatRange(min=0), help="Keep at most this much; what is in use stays.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@JSON
def gc(cache: Path, engines: Path, days: float, megabytes: float | None, dry_run: bool, as_json: bool) -> None:
    """Remove stages that no engine set holds and that were not asked for lately."""
    store = EngineCache(cache)
    keep = Keep(days * DAY, None if megabytes is None else round(megabytes * 1e6))
    gone = surplus(cached_stages(store, engines), keep)
    if not dry_run:
        for entry in gone:
            store.forget(entry.key)
        sweep(store)
    said = "would go" if dry_run else "removed"
    note(f"{cache}: {len(gone)} stages, {sum(entry.bytes for entry in gone) / 1e6:.1f} MB {said}")
    if as_json:
        emit_json({"schema": SCHEMA, "removed": not dry_run, "entries": gone})


@cache_group.command()
@CACHE
@click.option("--remove", is_flag=True, help="Remove what is broken; the next build makes it again.")
@JSON
def verify(cache: Path, remove: bool, as_json: bool) -> None:
    """Check every built stage by hash; exit 1 when one is broken."""
    store = EngineCache(cache)
    entries = cached_stages(store, cache)
    broken = {entry.key: why for entry in entries if (why := _broken(store.folder / entry.key))}
    for key, why in broken.items():
        note(f"BROKEN {why}")
        if remove:
            store.forget(key)
    said = ", removed" if remove and broken else ""
    note(f"{cache}: {len(entries)} stages, {len(broken)} broken{said}")
    if as_json:
        emit_json({"schema": SCHEMA, "checked": len(entries), "broken": broken, "removed": remove})
    sys.exit(1 if broken and not remove else 0)


def _broken(folder: Path) -> str:
    """Why an entry cannot be used, or ""."""
    try:
        verify_entry(folder)
    except SpeechTRTError as error:
        return str(error)
    return ""


def _line(entry: CachedStage) -> str:
    used = ", ".join(entry.used_by) or "unused"
    return (
        f"{entry.key[:12]}  {entry.stage:18} {entry.bytes / 1e6:8.1f} MB  {entry.age_seconds / DAY:6.1f} days  {used}"
    )
