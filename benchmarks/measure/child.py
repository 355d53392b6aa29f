"""A workload in a process of its own, so that its peak memory and its threads are its own."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError, SpeechTRTError

W = TypeVar("W")
R = TypeVar("R")

STOP_SECONDS = 10.0


class Child(Closing, Generic[W]):
    """Builds a workload in a new process with `factory`, then applies functions to it there.

    The child may have children of its own, and ends when this process does, for it reads an end of file then.
    `factory` and the functions are pickled: module-level callables, or frozen dataclasses with `__call__`.
    """

    def __init__(self, name: str, factory: Callable[[], W]) -> None:
        self._name = name
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, factory), name=name)
        self._process.start()
        theirs.close()

    def call(self, function: Callable[[W], R]) -> R:
        """`function(workload)`, evaluated in the child. Raises BenchmarkError, or the child's SpeechTRTError."""
        try:
            self._pipe.send(function)
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(STOP_SECONDS)
            raise BenchmarkError(
                f"the {self._name} process died with exit code {self._process.exitcode}; "
                "expected it to answer; check that memory suffices"
            ) from error
        if isinstance(answer, SpeechTRTError):
            raise answer
        result: R = answer
        return result

    def close(self) -> None:
        """End the process. It may be called twice."""
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _serve(pipe: Connection, factory: Callable[[], W]) -> None:
    """The child: answer every function with its result until the parent hangs up, then close what was built."""
    workload: W | None = None
    try:
        while True:
            function = pipe.recv()
            try:
                workload = factory() if workload is None else workload
                answer = function(workload)
            except SpeechTRTError as error:
                answer = error
            except Exception as error:
                answer = BenchmarkError(f"the measured process failed with {error!r}; mend that first")
            pipe.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    finally:
        if isinstance(workload, Closing):
            workload.close()
