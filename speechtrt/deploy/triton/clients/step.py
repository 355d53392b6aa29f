"""Stream a 16-bit WAV file through an engine whose state Triton keeps: windows are cut and labels are read here."""

import argparse
import json
import random
import wave
from collections.abc import Iterator

import numpy as np
from tritonclient import grpc


def main() -> None:
    """One request for each chunk of the recording; the constants are parameters of the model."""
    options = arguments()
    with wave.open(options.recording) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
    sequence, labels = random.randrange(1, 2**63), list[int]()
    with grpc.InferenceServerClient(options.url) as client:
        found = client.get_model_config(options.model, as_json=True)["config"]["parameters"]
        constants = {name: json.loads(value["string_value"]) for name, value in found.items()}
        if rate != constants["rate"]:
            raise SystemExit(f"{options.recording} has {rate} Hz; the model expects {constants['rate']}")
        chunks = list(windows(samples, constants))
        for index, (window, count) in enumerate(chunks):
            inputs = [tensor("pcm", window, "FP32"), tensor("samples", np.array(count, np.int64), "INT64")]
            result = client.infer(
                options.model,
                inputs,
                sequence_id=sequence,
                sequence_start=index == 0,
                sequence_end=index == len(chunks) - 1,
            )
            labels += result.as_numpy("log_probs")[0, : result.as_numpy("frames")[0]].argmax(axis=1).tolist()
    print(text(labels, constants["blank"], constants["labels"]))


def windows(samples: np.ndarray, constants: dict[str, int]) -> Iterator[tuple[np.ndarray, int]]:
    """Windows of the stream, each with how much of it is no padding, until every encoder frame has come."""
    lead, shift, size = constants["lead"], constants["shift"], constants["window"]
    stream = np.concatenate([np.zeros(lead, np.float32), samples])
    frame = shift // constants["chunk_frames"]
    factor = frame // constants["hop"]
    frames = (len(samples) // constants["hop"] + 2 * (factor - 1)) // factor
    for number in range(-(-frames // constants["chunk_frames"])):
        part = stream[number * shift : number * shift + size]
        yield np.pad(part, (0, size - len(part))), len(part)


def text(labels: list[int], blank: int, pieces: list[str]) -> str:
    """Greedy CTC: repetitions are one, blanks are none; U+2581 begins a word."""
    kept = [now for now, before in zip(labels, [blank, *labels], strict=False) if now not in (before, blank)]
    return "".join(pieces[label] for label in kept).replace("\u2581", " ").strip()


def tensor(name: str, values: np.ndarray, kind: str) -> grpc.InferInput:
    """One row."""
    sent = grpc.InferInput(name, [1, *values.shape], kind)
    sent.set_data_from_numpy(values[np.newaxis])
    return sent


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording")
    parser.add_argument("--model", default="ctc-medium_step_560")
    parser.add_argument("--url", default="localhost:8001")
    return parser.parse_args()


if __name__ == "__main__":
    main()
