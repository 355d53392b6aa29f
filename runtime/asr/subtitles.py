"""Words as subtitles: SubRip and WebVTT."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechtrt.runtime.asr.transcript import Word

LONGEST_TEXT = 84  # two lines of 42 characters, the broadcasters' custom
LONGEST_SECONDS = 7.0
PAUSE_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Cue:
    """A text shown from `start` to `end` seconds."""

    start: float
    end: float
    text: str


def cues(words: Sequence[Word]) -> Iterator[Cue]:
    """Words in groups that a viewer can read, parted at pauses."""
    group: list[Word] = []
    for word in words:
        if group and not _fits(group, word):
            yield _cue(group)
            group = []
        group.append(word)
    if group:
        yield _cue(group)


def srt(words: Sequence[Word]) -> str:
    """A SubRip document."""
    blocks = (
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(words), 1)
    )
    return "\n".join(blocks)


def vtt(words: Sequence[Word]) -> str:
    """A WebVTT document."""
    blocks = (f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n" for cue in cues(words))
    return "\n".join(["WEBVTT\n", *blocks])


def _fits(group: Sequence[Word], word: Word) -> bool:
    length = sum(len(w.word) + 1 for w in group) + len(word.word)
    return (
        length <= LONGEST_TEXT
        and word.end - group[0].start <= LONGEST_SECONDS
        and word.start - group[-1].end < PAUSE_SECONDS
    )


def _cue(group: Sequence[Word]) -> Cue:
    return Cue(group[0].start, group[-1].end, " ".join(word.word for word in group))


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
