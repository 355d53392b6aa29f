"""Speak a 16-bit WAV file to a live model of Triton at the pace of speech, and print what it hears."""

import argparse
import json
import queue
import random
import time
import wave
from typing import Any

import numpy as np
from tritonclient import grpc

PACKET_SECONDS = 0.16


def main() -> None:
    """Send packets as a microphone would; every answer has the text so far and the events since the one before."""
    options = arguments()
    with wave.open(options.recording) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
    packet = round(PACKET_SECONDS * rate)
    packets = [samples[start : start + packet] for start in range(0, len(samples), packet)]
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    sequence = random.randrange(1, 2**63)
    with grpc.InferenceServerClient(options.url) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        for index, samples in enumerate(packets):
            client.async_stream_infer(
                options.model,
                [tensor("AUDIO", samples, "FP32"), tensor("SAMPLE_RATE", np.array([rate], np.int32), "INT32")],
                sequence_id=sequence,
                sequence_start=index == 0,
                sequence_end=index == len(packets) - 1,
            )
            time.sleep(0 if options.fast else PACKET_SECONDS)
        for _ in packets:
            result, error = answers.get()
            if error:
                raise error
            for event in json.loads(result.as_numpy("EVENTS")[0, 0]):
                print(json.dumps(event))
    print(result.as_numpy("TEXT")[0, 0].decode())


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    """One row of a batched input."""
    sent = grpc.InferInput(name, [1, len(values)], kind)
    sent.set_data_from_numpy(values[np.newaxis])
    return sent


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording")
    parser.add_argument("--model", default="ctc-medium")
    parser.add_argument("--url", default="localhost:8001")
    parser.add_argument("--fast", action="store_true", help="do not wait between packets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
