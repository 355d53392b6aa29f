"""The decoders that an evaluation names."""

from collections.abc import Callable, Sequence

from speechtrt.benchmarks.evaluation.system import Decoder
from speechtrt.runtime.asr.decoding.options import GREEDY, WIDTH, DecodingOptions
from speechtrt.runtime.asr.decoding.shipped import language_model_file

GREEDY_NAME, BEAM, BEAM_WITH_LM = "greedy", "beam", "beam-lm"


def find_decoders(names: Sequence[str], lm: str) -> list[Decoder]:
    """In the order of `names`; `lm` is a file, or the shipped language model by name. Raises DataError."""
    options: dict[str, Callable[[], DecodingOptions]] = {
        GREEDY_NAME: lambda: GREEDY,
        BEAM: lambda: DecodingOptions(beam=WIDTH),
        BEAM_WITH_LM: lambda: DecodingOptions(beam=WIDTH, lm=language_model_file(lm)),
    }
    return [Decoder(name, options[name]()) for name in names]
