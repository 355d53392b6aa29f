"""The C library's heap."""

import ctypes
import sys


def return_free_memory() -> None:
    """Give freed memory back to the system; loading a model frees about as much again as the model keeps.

    Without glibc nothing happens.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
