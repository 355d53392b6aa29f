"""A long speech whose client leaves after the first sound. Usage: ADDRESS MODEL TEXT"""

import sys
from queue import SimpleQueue
from typing import Any

import numpy as np
from tritonclient import grpc


def main(address: str, model: str, text: str) -> None:
    answers: SimpleQueue[Any] = SimpleQueue()
    sent = grpc.InferInput("TEXT", [1], "BYTES")
    sent.set_data_from_numpy(np.array([text.encode()], object))
    client = grpc.InferenceServerClient(address)
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer(model, [sent])
    result, error = answers.get(timeout=60)
    assert error is None and len(result.as_numpy("AUDIO"))
    client.stop_stream(cancel_requests=True)
    client.close()


main(*sys.argv[1:])
