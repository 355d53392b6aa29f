"""A known transcript in a recording."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.errors import TextError
from speechtrt.runtime.asr.transcriber import Transcriber


def test_what_was_heard_is_where_it_was_heard(tiny_ctc_engines: Path) -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, 50_000).astype(np.float32), 22_050)
    with Transcriber.open(tiny_ctc_engines) as transcriber:
        heard = transcriber.transcribe(audio)
        found = transcriber.align(audio, heard.text.upper())
        assert [word.word for word in found] == [word.word for word in heard.words] != []
        times = [time for word in found for time in (word.start, word.end)]
        assert times == sorted(times) and times[-1] <= heard.duration_seconds
        with pytest.raises(TextError, match="frames but the audio has"):
            transcriber.align(audio, "far too much text " * 10)
        assert transcriber.places.taken == 0
