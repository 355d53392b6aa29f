"""Triton's own protobuf reads configurations. Usage: CONFIG..."""

import json
import sys
from pathlib import Path

from google.protobuf import text_format  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2


def main(*paths: str) -> None:
    configs = [text_format.Parse(Path(path).read_text(), model_config_pb2.ModelConfig()) for path in paths]
    print(json.dumps([MessageToDict(config, preserving_proto_field_name=True) for config in configs]))


main(*sys.argv[1:])
