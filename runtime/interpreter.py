"""How Python itself behaves where an event loop and the threads of engines share one process."""

import gc
import sys

SWITCH_SECONDS = 0.0005
YOUNG = 10_000  # new objects, after which those that died in circles are looked for
FULL_COLLECTION_EVERY = 100  # collections of the middle generation


def take_short_turns() -> None:
    """Let no thread keep the others waiting for longer than half a millisecond.

    Python's own 5 ms are as long as all else that a server may add to a chunk, and an engine's thread waits for its
    turn several times in every step.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def settle() -> None:
    """Collect garbage now, and look at what is left no more until the next call.

    Models and modules live on; to walk them all again and again would stop every thread for tens of milliseconds.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _, middle, _ = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, FULL_COLLECTION_EVERY)
