"""Pieces of the page."""

import base64
from collections.abc import Iterator
from html import escape
from importlib.resources import files

from speechtrt.benchmarks.evaluation.markdown import Row
from speechtrt.benchmarks.evaluation.scoring import Score

MEDIA = {".flac": "audio/flac", ".wav": "audio/wav", ".opus": "audio/ogg", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
LONG = 24  # characters of a cell that may be broken into lines


def shipped_text(name: str) -> str:
    """A file beside this one."""
    return files("speechtrt.benchmarks.evaluation.page").joinpath(name).read_text(encoding="utf-8")


def section(title: str, body: str, intro: str = "") -> str:
    """A heading and what stands under it."""
    return f"<section><h2>{escape(title)}</h2>{f'<p>{escape(intro)}</p>' if intro else ''}{body}</section>"


def sortable(rows: Iterator[Row]) -> str:
    """A table; the script of the page sorts it."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in next(rows))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(title: str, body: str) -> str:
    """What opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def worst_case(score: Score) -> str:
    """A recording to listen to, and its alignment word by word."""
    entry = score.entry
    media = MEDIA.get(entry.audio.suffix.lower(), "audio/wav")
    sound = base64.b64encode(entry.audio.read_bytes()).decode()
    words = "".join(map(_word, score.alignment.pairs))
    about = f"{entry.id}, {score.group}, {entry.speaker}: {score.counted.errors} errors in {score.counted.tokens}"
    return (
        f'<div class="worst"><audio controls preload="none" src="data:{media};base64,{sound}"></audio> '
        f'{escape(about)}<div class="words">{words}</div></div>'
    )


def _word(pair: tuple[str | None, str | None]) -> str:
    said, heard = pair
    if said == heard:
        return f"<span>{escape(said or '')}</span>"
    if heard is None:
        return f'<span class="missing" title="not heard">{escape(said or "")}</span>'
    if said is None:
        return f'<span class="added" title="not said">+{escape(heard)}</span>'
    return f'<span class="wrong" title="heard for another word">{escape(said)} \u2192 <b>{escape(heard)}</b></span>'


def _cell(text: str) -> str:
    return f'<td class="text">{escape(text)}</td>' if len(text) > LONG else f"<td>{escape(text)}</td>"
