"""One stage without state in Triton's Python backend."""

from collections import defaultdict
from typing import Any

import numpy as np

from speechtrt.deploy.triton.backend.arguments import Arguments
from speechtrt.deploy.triton.backend.wire import Array, array, failure, response
from speechtrt.deploy.triton.interface import Parameter
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.backends.selection import open_backend

Shapes = tuple[tuple[int, ...], ...]


class Stage:
    """Runs the rows of all requests of one shape together."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the stage."""
        told = Arguments.of(args)
        self._runner = open_backend(told.folder, None).open(told.text(Parameter.STAGE))

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answers in the order of the requests."""
        inputs = [[array(request, spec.name) for spec in self._runner.stage.inputs] for request in requests]
        alike = defaultdict[Shapes, list[int]](list)
        for index, arrays in enumerate(inputs):
            alike[tuple(one.shape[1:] for one in arrays)].append(index)
        answers: dict[int, Any] = {}
        for group in alike.values():
            answers.update(zip(group, self._run([inputs[index] for index in group]), strict=True))
        return [answers[index] for index in range(len(requests))]

    def finalize(self) -> None:
        """Free the stage."""
        self._runner.close()

    def _run(self, inputs: list[list[Array]]) -> list[Any]:
        names = [spec.name for spec in self._runner.stage.inputs]
        ends = np.cumsum([len(arrays[0]) for arrays in inputs])[:-1]
        joined = (np.concatenate(column) for column in zip(*inputs, strict=True))
        try:
            outputs = self._runner.run(dict(zip(names, joined, strict=True)))
        except SpeechTRTError as error:
            return [failure(error) for _ in inputs]
        parts = {name: np.split(value, ends) for name, value in outputs.items()}
        return [response({name: part[index] for name, part in parts.items()}) for index in range(len(inputs))]
