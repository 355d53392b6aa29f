"""Requests that Triton makes by itself before a model is ready."""

import struct

from speechtrt.deploy.triton.pbtxt import Message
from speechtrt.deploy.triton.tensors import DataType

TEXT_FILE = "text"
TEXT = "one two three"


def zeros(data_type: DataType, dims: list[int]) -> Message:
    """An input of zeros."""
    return {"data_type": data_type, "dims": dims, "zero_data": True}


def text_input() -> Message:
    """A short text, from the model's folder `warmup`."""
    return {"data_type": DataType.STRING, "dims": [1], "input_data_file": TEXT_FILE}


def text_file() -> dict[str, bytes]:
    """What `text_input` reads: Triton writes a string as its length and its bytes."""
    text = TEXT.encode()
    return {f"warmup/{TEXT_FILE}": struct.pack("<I", len(text)) + text}


def request(batch: int, inputs: dict[str, Message]) -> Message:
    """One warm-up request of `batch` rows; without batching it is 0."""
    return {
        "name": "first",
        "batch_size": batch,
        "inputs": [{"key": name, "value": value} for name, value in inputs.items()],
    }
