"""What a serving process asks of the interpreter; each in a process of its own, as it lasts."""

import subprocess
import sys

TURNS = """
import sys
from speechtrt.runtime.interpreter import take_short_turns
take_short_turns()
assert 0 < sys.getswitchinterval() < 0.001, sys.getswitchinterval()
"""
SETTLING = """
import gc, weakref
from speechtrt.runtime.interpreter import settle
class Engine: pass
engine = Engine()
engine.itself, gone = engine, weakref.ref(engine)
settle()
assert gc.get_freeze_count() > 1000
del engine
gc.collect()
assert gone() is not None  # nobody looks at it any more
settle()
assert gone() is None
young, _, old = gc.get_threshold()
assert gc.isenabled() and young > 1000 and old > 10
"""


def python(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_thread_waits_for_long() -> None:
    python(TURNS)


def test_what_was_settled_comes_back_with_the_next_settling() -> None:
    python(SETTLING)
