"""Requests that Triton makes by itself before a model is ready."""

import struct
from collections.abc import Mapping

from speechtrt.deploy.triton.pbtxt import Message
from speechtrt.deploy.triton.tensors import DataType

TEXT = b"one two three"
FILES = {  # what a warm-up reads from the model's folder `warmup`; Triton writes a string as its length and its bytes
    "text": struct.pack("<I", len(TEXT)) + TEXT,
    "yes": struct.pack("<i", 1),
    "sequence": struct.pack("<Q", 1),
}


def zeros(data_type: DataType, dims: list[int]) -> Message:
    """An input of zeros."""
    return {"data_type": data_type, "dims": dims, "zero_data": True}


def stored(data_type: DataType, file: str) -> Message:
    """An input of one value, from one of FILES."""
    return {"data_type": data_type, "dims": [1], "input_data_file": file}


def request(inputs: Mapping[str, Message]) -> Message:
    """One warm-up request."""
    return {
        "name": "first",
        "batch_size": 1,
        "inputs": [{"key": name, "value": value} for name, value in inputs.items()],
    }


def files(*names: str) -> dict[str, bytes]:
    """The files that `stored` names, by their place in the model's folder."""
    return {f"warmup/{name}": FILES[name] for name in names}
