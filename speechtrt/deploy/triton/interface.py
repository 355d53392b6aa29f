"""Names of the tensors and parameters that a client, a configuration and the Python backend agree on."""

from enum import StrEnum


class Tensor(StrEnum):
    """Inputs and outputs of models that speak and hear."""

    AUDIO = "AUDIO"  # float32 [samples], mono
    SAMPLE_RATE = "SAMPLE_RATE"  # int32 [1]; the model's own if not given
    TEXT = "TEXT"  # string [1]
    EVENTS = "EVENTS"  # string [1]: a JSON array of what was heard since the answer before
    WORDS = "WORDS"  # string [1]: a JSON array of words with times
    VOICE = "VOICE"  # string [1]
    SEED = "SEED"  # int64 [1]
    LANGUAGE = "LANGUAGE"  # string [1]


class Control(StrEnum):
    """Inputs that Triton adds to the requests of a sequence."""

    START = "START"
    END = "END"
    READY = "READY"
    CORRID = "CORRID"


class Parameter(StrEnum):
    """Parameters of a configuration that the Python backend reads."""

    STREAMS = "streams"
    BATCH = "batch"
    CHUNK = "chunk_milliseconds"
    IDLE = "idle_seconds"
    SENTENCES = "sentences"
    QUEUE = "queue"
    STAGE = "stage"


ENGINES = "engines"  # folder beside model.py
