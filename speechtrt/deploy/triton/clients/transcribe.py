"""Let an offline model of Triton hear a 16-bit WAV file, and print its words with their times."""

import argparse
import json
import wave

import numpy as np
from tritonclient import grpc


def main() -> None:
    """One request for one recording."""
    options = arguments()
    with wave.open(options.recording) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
    with grpc.InferenceServerClient(options.url) as client:
        inputs = [tensor("AUDIO", samples, "FP32"), tensor("SAMPLE_RATE", np.array([rate], np.int32), "INT32")]
        result = client.infer(options.model, inputs)
    for word in json.loads(result.as_numpy("WORDS")[0, 0]):
        print(json.dumps(word))
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
    parser.add_argument("--model", required=True)
    parser.add_argument("--url", default="localhost:8001")
    return parser.parse_args()


if __name__ == "__main__":
    main()
