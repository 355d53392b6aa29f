"""The five dialect groups and their voices. All of them are synthetic; some voices are kept out of training."""

from enum import Enum
from typing import Final

SYNTHETIC: Final = "synthetic"  # how manifests and result tables label every utterance made here


class Dialect(Enum):
    """Groups named as in speech evaluation."""

    STANDARD = "standard"
    SOUTHERN = "southern"
    BRITISH = "british"
    AUSTRALIAN = "australian"
    INDIAN = "indian"
