"""Streams that begin and are never heard of again. Usage: ADDRESS MODEL COUNT"""

import sys

import numpy as np
from tritonclient import grpc


def main(address: str, model: str, count: str) -> None:
    sent = grpc.InferInput("AUDIO", [1, 1600], "FP32")
    sent.set_data_from_numpy(np.zeros((1, 1600), np.float32))
    with grpc.InferenceServerClient(address) as client:
        for number in range(int(count)):
            client.infer(model, [sent], sequence_id=1000 + number, sequence_start=True)


main(*sys.argv[1:])
