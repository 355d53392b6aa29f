"""Manifests that are tables: Common Voice's TSV files, and plain CSV files."""

import csv
from collections.abc import Iterator
from pathlib import Path

from speechtrt.benchmarks.evaluation.manifests.lines import bad_line, read_lines
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry
from speechtrt.errors import DataError

CLIPS = "clips"


def read_common_voice(path: Path) -> Iterator[Entry]:
    """Mozilla Common Voice: recordings in `clips` beside the table, speakers by `client_id`. Raises DataError."""
    for number, row in _rows(path, "\t", ("client_id", "path", "sentence")):
        others = {n: v for n, v in row.items() if v and n not in ("client_id", "path", "sentence")}
        if "accent" in others:  # what releases before 2021 called it
            others.setdefault("accents", others.pop("accent"))
        if not row["path"]:
            raise bad_line(path, number, "\t".join(row.values()), "the name of a recording in its column path")
        audio = path.parent / CLIPS / row["path"]
        yield Entry(audio.stem, audio, row["sentence"], row["client_id"], others)


def read_csv(path: Path) -> Iterator[Entry]:
    """Columns `audio` and `text`; `id` and `speaker` if there are any, all others to group by. Raises DataError."""
    for number, row in _rows(path, ",", ("audio", "text")):
        if not row["audio"]:
            raise bad_line(path, number, ",".join(row.values()), "the path of a recording in its column audio")
        identity = row.get("id") or Path(row["audio"]).stem
        others = {n: v for n, v in row.items() if v and n not in ("audio", "text", "id", "speaker")}
        yield Entry(identity, path.parent / row["audio"], row["text"], row.get("speaker") or identity, others)


class _Plain(csv.excel_tab):
    """Tabs between fields, and quotation marks that mean themselves."""

    quoting = csv.QUOTE_NONE


def _rows(path: Path, separator: str, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(
        read_lines(path), dialect=_Plain if separator == "\t" else csv.excel, restval="", restkey=""
    )
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(
            f"{path}: has no column {' and no '.join(missing)}; it has {', '.join(reader.fieldnames or ['none'])}"
        )
    for row in reader:
        row.pop("", None)
        yield reader.line_num, row
