"""Words as subtitles."""

from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.subtitles import LONGEST_SECONDS, LONGEST_TEXT, cues, srt, vtt
from speechtrt.runtime.asr.transcript import Word

WORDS = (Word("if", 0.08, 0.24, 1), Word("a<b", 0.32, 0.8, 1), Word("then", 3599.9996, 3725.5, 1))


def test_subrip() -> None:
    assert srt(WORDS) == ("1\n00:00:00,080 --> 00:00:00,800\nif a<b\n\n2\n01:00:00,000 --> 01:02:05,500\nthen\n")


def test_webvtt_escapes_what_would_be_markup() -> None:
    assert vtt(WORDS[:2]) == "WEBVTT\n\n00:00:00.080 --> 00:00:00.800\nif a&lt;b\n"


def test_nothing_said_is_a_valid_file() -> None:
    assert srt(()) == "" and vtt(()) == "WEBVTT\n"


@given(st.lists(st.tuples(st.floats(0.05, 3), st.integers(1, 30)), max_size=40))
def test_cues_keep_every_word_and_can_be_read(steps: list[tuple[float, int]]) -> None:
    words, time = [], 0.0
    for seconds, length in steps:
        words.append(Word("w" * length, time, time + seconds / 2, 1.0))
        time += seconds
    found = list(cues(words))
    assert " ".join(cue.text for cue in found) == " ".join(word.word for word in words)
    assert all(len(cue.text) <= LONGEST_TEXT and cue.end - cue.start <= LONGEST_SECONDS for cue in found)
