from speechtrt.benchmarks.tts.load import REPEATS, middling, shipped_texts, singles, spoken_freely, spoken_in_steps


def test_shipped_texts_spread_from_short_to_long() -> None:
    lengths = sorted(len(text) for text in shipped_texts(quick=False))
    assert len(lengths) == 24
    assert (lengths[0], lengths[-1]) == (10, 70)
    assert 30 <= lengths[12] <= 50
    assert shipped_texts(quick=False) == shipped_texts(quick=False)


def test_shipped_texts_read_the_same_with_and_without_a_text_front_end() -> None:
    for text in shipped_texts(quick=False):
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz ',")
        assert text == " ".join(text.split())


def test_a_quick_run_takes_the_shortest() -> None:
    assert max(map(len, shipped_texts(quick=True))) <= sorted(map(len, shipped_texts(quick=False)))[2]


def test_free_speech_repeats_its_texts_unless_quick() -> None:
    assert [u.text for u in spoken_freely(("a", "b"), quick=True)] == ["a", "b"]
    assert [u.text for u in spoken_freely(("a", "b"), quick=False)] == ["a", "b"] * REPEATS


def test_steps_follow_the_length_of_the_text() -> None:
    spoken = spoken_in_steps(("ten chars.", "a"), 2.2)
    assert [u.steps for u in spoken] == [22, 2]


def test_singles_are_spread_among_the_shorter_texts() -> None:
    spoken = spoken_in_steps(tuple("x" * n for n in range(10, 130, 10)), 1.0)
    assert [len(u.text) for u in singles(spoken)] == [10, 30, 50, 70]
    assert singles(spoken[:1]) == spoken[:1]


def test_a_small_load_is_of_middling_length() -> None:
    spoken = spoken_in_steps(tuple("x" * n for n in (10, 20, 31, 50, 90)), 1.0)
    assert sorted(len(u.text) for u in middling(spoken, 2)) == [31, 50]
