"""A bundle or engine set as one HTML file that needs nothing else: no script, no network."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from speechtrt.engine_set import EngineSet
from speechtrt.inspection.drawing import error_bars, precision_strip
from speechtrt.inspection.engine_sheets import searches
from speechtrt.inspection.sheet import Cell, Row, Sheet

LEGEND = (("fp32", "fp32"), ("fp16", "fp16"), ("int8", "int8"))


def render_page(title: str, subtitle: str, sheets: Sequence[Sheet], engines: EngineSet | None) -> str:
    """The page's text. `engines` adds the pictures."""
    pictures = _pictures(engines) if engines is not None else ""
    body = "".join([pictures, *map(_section, sheets)])
    style = files("speechtrt.inspection").joinpath("page.css").read_text()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(subtitle)}</p>{body}</main></body></html>\n"
    )


def _pictures(engines: EngineSet) -> str:
    legend = "".join(f'<span class="key {name}">{text}</span>' for name, text in LEGEND)
    strips = "".join(
        f"<figure><figcaption>{escape(stage.spec.name)} <b>{stage.precision}</b>, "
        f"{100 * stage.lowered_share:.0f} % of its weights, {stage.file.bytes / 1e6:.2f} MB</figcaption>"
        f"{precision_strip(stage)}</figure>"
        for stage in engines.stages
    )
    errors = "".join(
        f"<figure><figcaption>search for {escape(name)}: error by each group alone, the worst first; "
        f'<span class="key spared">spared</span><span class="key lowered">lowered</span></figcaption>'
        f"{error_bars(search)}</figure>"
        for name, search in searches(engines)
        if search.groups
    )
    return f"<section><h2>precision of every node</h2><p>{legend} as wide as its weights</p>{strips}{errors}</section>"


def _section(sheet: Sheet) -> str:
    table = f"<table>{_row(sheet.heads, 'th')}{''.join(_row(row, 'td') for row in sheet.rows)}</table>"
    if sheet.long:
        return f"<section><details><summary>{escape(sheet.title)}</summary>{table}</details></section>"
    return f"<section><h2>{escape(sheet.title)}</h2>{table}</section>"


def _row(cells: Row | Iterable[str], kind: str) -> str:
    return "<tr>" + "".join(_cell(cell, kind) for cell in cells) + "</tr>"


def _cell(cell: str | Cell, kind: str) -> str:
    if isinstance(cell, Cell):
        return f'<{kind} class="{cell.tone}">{escape(cell.text)}</{kind}>'
    return f"<{kind}>{escape(cell)}</{kind}>"
