import pytest

from speechtrt.benchmarks.tts.playback import Chunk, play


def test_one_chunk_leaves_nothing_to_wait_for() -> None:
    heard = play([Chunk(0.2, 1.0)])
    assert (heard.first_audio_seconds, heard.longest_gap_seconds, heard.underrun_seconds) == (0.2, 0.0, 0.0)


def test_chunks_in_time_are_heard_without_a_break() -> None:
    heard = play([Chunk(0.2, 0.5), Chunk(0.6, 0.5), Chunk(1.2, 0.5)])
    assert heard.longest_gap_seconds == pytest.approx(0.6)
    assert heard.underrun_seconds == 0.0


def test_a_late_chunk_is_a_break_and_moves_the_rest() -> None:
    """0.2 to 0.3 is heard, then nothing until 0.8; the third comes at 1.0 while the second plays until 1.3."""
    heard = play([Chunk(0.2, 0.1), Chunk(0.8, 0.5), Chunk(1.0, 0.1), Chunk(1.5, 0.1)])
    assert heard.underrun_seconds == pytest.approx(0.5 + 0.1)
    assert heard.longest_gap_seconds == pytest.approx(0.6)
