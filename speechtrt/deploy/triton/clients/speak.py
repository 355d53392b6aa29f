"""Let a voice of Triton speak a text, and write the sound while it comes to a 16-bit WAV file."""

import argparse
import queue
import wave
from typing import Any

import numpy as np
from tritonclient import grpc


def main() -> None:
    """A decoupled model answers one request many times; the last answer is empty and says that it is the last."""
    options = arguments()
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    inputs = [tensor("TEXT", np.array([options.text.encode()], object), "BYTES")]
    inputs.append(tensor("SEED", np.array([options.seed], np.int64), "INT64"))
    if options.voice:
        inputs.append(tensor("VOICE", np.array([options.voice.encode()], object), "BYTES"))
    with grpc.InferenceServerClient(options.url) as client, wave.open(options.output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer(options.model, inputs, enable_empty_final_response=True)
        while True:
            result, error = answers.get()
            if error:
                raise error
            if result.get_response().parameters["triton_final_response"].bool_param:
                return
            if not file.tell():
                file.setframerate(int(result.as_numpy("SAMPLE_RATE")[0]))
            file.writeframes((np.clip(result.as_numpy("AUDIO"), -1, 1) * 32767).astype(np.int16).tobytes())


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    """An input of a model that Triton does not batch."""
    sent = grpc.InferInput(name, values.shape, kind)
    sent.set_data_from_numpy(values)
    return sent


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("output")
    parser.add_argument("--model", default="voice")
    parser.add_argument("--voice")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url", default="localhost:8001")
    return parser.parse_args()


if __name__ == "__main__":
    main()
