"""Paced concurrent streams. Usage: ADDRESS MODEL COUNT WAV...; the recordings in turns, all at the pace of speech."""

import json
import sys
import threading
import time
import wave
from queue import SimpleQueue
from typing import Any

import numpy as np
from tritonclient import grpc

PACKET_SECONDS = 0.16


def read(path: str) -> tuple[np.ndarray, int]:
    with wave.open(path) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    return np.frombuffer(pcm, np.int16).astype(np.float32) / 32768, rate


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    sent = grpc.InferInput(name, [1, len(values)], kind)
    sent.set_data_from_numpy(values[np.newaxis])
    return sent


def stream(address: str, model: str, sequence: int, samples: np.ndarray, rate: int, found: dict[int, Any]) -> None:
    answers: SimpleQueue[Any] = SimpleQueue()
    packet, start = round(PACKET_SECONDS * rate), time.perf_counter()
    firsts = range(0, len(samples), packet)
    events, text = [], ""
    with grpc.InferenceServerClient(address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        for number, first in enumerate(firsts):
            time.sleep(max(0.0, start + number * PACKET_SECONDS - time.perf_counter()))
            audio = tensor("AUDIO", samples[first : first + packet], "FP32")
            client.async_stream_infer(
                model,
                [audio, tensor("SAMPLE_RATE", np.array([rate], np.int32), "INT32")],
                sequence_id=sequence,
                sequence_start=number == 0,
                sequence_end=number == len(firsts) - 1,
            )
        for _ in firsts:
            result, error = answers.get(timeout=60)
            if error:
                raise error
            events += json.loads(result.as_numpy("EVENTS")[0, 0])
            text = result.as_numpy("TEXT")[0, 0].decode()
    found[sequence] = {"text": text, "events": events}


def main(address: str, model: str, count: str, *paths: str) -> None:
    recordings, found = [read(path) for path in paths], dict[int, Any]()
    threads = [
        threading.Thread(target=stream, args=(address, model, number + 1, *recordings[number % len(paths)], found))
        for number in range(int(count))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([found[number + 1] for number in range(int(count))]))


main(*sys.argv[1:])
