"""A model of the Python backend in place of Triton's own: runs an engine, keeps states as its configuration says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as backend

DTYPES: dict[str, type] = {"TYPE_FP32": np.float32, "TYPE_INT64": np.int64}


class TritonPythonModel:
    """States begin with the configured zeros, and every output state is the next input state."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the engine."""
        config = json.loads(args["model_config"])
        path = Path(args["model_repository"], args["model_version"], "model.onnx")
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.states = config["sequence_batching"]["state"]
        self.inputs, self.outputs = ([one["name"] for one in config[side]] for side in ("input", "output"))
        self.kept: dict[int, dict[str, Any]] = {}

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answers in the order of the requests."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        sequence, flags = request.correlation_id(), request.flags()
        if flags & backend.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START:
            self.kept[sequence] = {state["input_name"]: zeros(state) for state in self.states}
        given = {name: backend.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        names = [*self.outputs, *(state["output_name"] for state in self.states)]
        found = dict(zip(names, self.session.run(names, {**given, **self.kept[sequence]}), strict=True))
        self.kept[sequence] = {state["input_name"]: found[state["output_name"]] for state in self.states}
        if flags & backend.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END:
            del self.kept[sequence]
        return backend.InferenceResponse([backend.Tensor(name, found[name]) for name in self.outputs])


def zeros(state: dict[str, Any]) -> Any:
    """What a state begins with."""
    [initial] = state["initial_state"]
    dims, own = ([int(size) for size in one["dims"]] for one in (initial, state))  # the server tells some as text
    assert initial["zero_data"] and dims == own
    return np.zeros(dims, DTYPES[initial["data_type"]])
