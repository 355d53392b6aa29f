"""Words as subtitles: SubRip and WebVTT."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechtrt.runtime.asr.transcript import Word

LONGEST_CUE = 42  # characters, as subtitle guides have it
LONGEST_PAUSE = 1.0  # seconds of silence inside a cue


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of subtitles with its start and end in seconds."""

    start: float
    end: float
    text: str


def cues(words: Sequence[Word]) -> list[Cue]:
    """Words in lines, cut where a line is full or somebody pauses."""
    lines: list[list[Word]] = []
    for word in words:
        if lines and _fits(lines[-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [Cue(line[0].start, line[-1].end, " ".join(w.word for w in line)) for line in lines]


def srt(words: Sequence[Word]) -> str:
    """SubRip."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(words), start=1)
    )


def vtt(words: Sequence[Word]) -> str:
    """WebVTT."""
    return "\n".join(["WEBVTT\n", *_vtt_cues(words)])


def _vtt_cues(words: Sequence[Word]) -> Iterator[str]:
    for cue in cues(words):
        yield f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{cue.text}\n"


def _fits(line: list[Word], word: Word) -> bool:
    length = sum(len(w.word) + 1 for w in line) + len(word.word)
    return length <= LONGEST_CUE and word.start - line[-1].end <= LONGEST_PAUSE


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{milliseconds:03}"
