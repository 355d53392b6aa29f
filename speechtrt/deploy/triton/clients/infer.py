"""Run one plain model of Triton, such as a vocoder or a CTC encoder, on the arrays of an .npz file."""

import argparse

import numpy as np
from tritonclient import grpc
from tritonclient.utils import np_to_triton_dtype


def main() -> None:
    """Inputs by name from one file, every output by name to another."""
    options = arguments()
    inputs = []
    with np.load(options.inputs) as arrays:
        for name, values in arrays.items():
            inputs.append(grpc.InferInput(name, values.shape, np_to_triton_dtype(values.dtype)))
            inputs[-1].set_data_from_numpy(values)
    with grpc.InferenceServerClient(options.url) as client:
        names = [output.name for output in client.get_model_metadata(options.model).outputs]
        result = client.infer(options.model, inputs)
    np.savez(options.outputs, **{name: result.as_numpy(name) for name in names})


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("inputs", help=".npz with an array for every input: [rows, ...]")
    parser.add_argument("outputs", help=".npz to write")
    parser.add_argument("--url", default="localhost:8001")
    return parser.parse_args()


if __name__ == "__main__":
    main()
