"""Concurrent requests to a voice. Usage: ADDRESS MODEL OUT.npz TEXT...; text number i has the seed i."""

import json
import sys
import threading
from queue import SimpleQueue
from typing import Any

import numpy as np
from tritonclient import grpc


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    sent = grpc.InferInput(name, values.shape, kind)
    sent.set_data_from_numpy(values)
    return sent


def speak(address: str, model: str, number: int, text: str, found: dict[int, list[np.ndarray]]) -> None:
    answers: SimpleQueue[Any] = SimpleQueue()
    heard = []
    with grpc.InferenceServerClient(address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        inputs = [
            tensor("TEXT", np.array([text.encode()], object), "BYTES"),
            tensor("SEED", np.array([number], np.int64), "INT64"),
        ]
        client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        while True:
            result, error = answers.get(timeout=120)
            if error:
                raise error
            if result.get_response().parameters["triton_final_response"].bool_param:
                break
            heard.append(result.as_numpy("AUDIO"))
    found[number] = heard


def main(address: str, model: str, output: str, *texts: str) -> None:
    found = dict[int, list[np.ndarray]]()
    threads = [
        threading.Thread(target=speak, args=(address, model, number, text, found)) for number, text in enumerate(texts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sounds: dict[str, Any] = {str(number): np.concatenate(chunks) for number, chunks in found.items()}
    np.savez(output, **sounds)
    print(json.dumps([len(found[number]) for number in range(len(texts))]))


main(*sys.argv[1:])
