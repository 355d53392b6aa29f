"""Tensors and errors between Triton's Python backend and the runtime."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as backend  # inside of Triton only

from speechtrt.errors import AudioError, CancelledError, CapacityError, RequestError, SpeechTRTError, TextError

Array = npt.NDArray[Any]

CODES = {  # by name: Triton adds its classes to the module after it has imported the model
    CapacityError: "UNAVAILABLE",
    CancelledError: "CANCELLED",
    AudioError: "INVALID_ARG",
    RequestError: "INVALID_ARG",
    TextError: "INVALID_ARG",
}


def array(request: Any, name: str) -> Array:
    """An input."""
    found: Array = backend.get_input_tensor_by_name(request, name).as_numpy()
    return found


def first(request: Any, name: str) -> Any:
    """The first value of an input; None when the client left it out. Strings are str."""
    tensor = backend.get_input_tensor_by_name(request, name)
    if tensor is None:
        return None
    value = tensor.as_numpy().reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value.item()


def strings(values: Sequence[str | bytes]) -> Array:
    """Strings as an array [rows, 1]."""
    return np.array([[value if isinstance(value, bytes) else value.encode()] for value in values], dtype=object)


def response(outputs: Mapping[str, Array]) -> Any:
    """An answer."""
    return backend.InferenceResponse([backend.Tensor(str(name), value) for name, value in outputs.items()])


def failure(error: SpeechTRTError) -> Any:
    """An answer that says why there is none."""
    code = getattr(backend.TritonError, CODES.get(type(error), "INTERNAL"))
    return backend.InferenceResponse([], backend.TritonError(str(error), code))
