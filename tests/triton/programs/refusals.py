"""Requests that are refused, and what is said. Usage: ADDRESS VOICE STREAMS"""

import json
import sys
from queue import SimpleQueue
from typing import Any

import numpy as np
from tritonclient import grpc
from tritonclient.utils import InferenceServerException


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    sent = grpc.InferInput(name, values.shape, kind)
    sent.set_data_from_numpy(values)
    return sent


def string(name: str, value: str) -> grpc.InferInput:
    return tensor(name, np.array([value.encode()], object), "BYTES")


def ask(client: grpc.InferenceServerClient, model: str, inputs: list[grpc.InferInput], **options: Any) -> str:
    """The error of one request over a stream of its own; empty if there was none."""
    answers: SimpleQueue[Any] = SimpleQueue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer(model, inputs, **options)
    _, error = answers.get(timeout=60)
    client.stop_stream()
    return str(error) if error else ""


def hear(client: grpc.InferenceServerClient, model: str, samples: np.ndarray, **sequence: Any) -> str:
    return ask(client, model, [tensor("AUDIO", samples[np.newaxis].astype(np.float32), "FP32")], **sequence)


def main(address: str, voice: str, streams: str) -> None:
    silence, bad = np.zeros(1600), np.full(1600, np.nan)
    with grpc.InferenceServerClient(address) as client:
        found = {
            "empty text": ask(client, voice, [string("TEXT", " ")]),
            "unknown voice": ask(client, voice, [string("TEXT", "hello"), string("VOICE", "nobody")]),
            "unknown language": ask(client, voice, [string("TEXT", "hello"), string("LANGUAGE", "tlh")]),
            "NaN": hear(client, streams, bad, sequence_id=9, sequence_start=True),
            "after NaN": hear(client, streams, silence, sequence_id=9),
            "again": hear(client, streams, silence, sequence_id=9, sequence_start=True, sequence_end=True),
        }
        try:
            client.infer(streams, [tensor("AUDIO", silence[np.newaxis].astype(np.float32), "FP32")])
        except InferenceServerException as error:
            found["no sequence"] = str(error)
    print(json.dumps(found))


main(*sys.argv[1:])
