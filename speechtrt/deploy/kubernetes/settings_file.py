"""What a pool's servers are told: the file that `serve-stream --config` reads."""

import json

from speechtrt.deploy.kubernetes.fleet import GRPC_PORT, HTTP_PORT, OPERATOR_PORT, Fleet
from speechtrt.deploy.kubernetes.pool import Pool, mount_of
from speechtrt.deploy.kubernetes.server import ENGINES_FOLDER, KEYS_FOLDER

Value = str | int | list[str]
KEYS_FILE = "keys"


def settings_file(fleet: Fleet, pool: Pool) -> bytes:
    """TOML. The router holds every client's streams under few keys, so a key may fill the server."""
    values: dict[str, Value] = {
        "host": "0.0.0.0",
        "port": HTTP_PORT,
        "grpc_port": GRPC_PORT,
        "operator_port": OPERATOR_PORT,
        "engines": [f"{ENGINES_FOLDER}/{mount_of(folder)}" for folder in pool.sets],
        "api_key_file": f"{KEYS_FOLDER}/{KEYS_FILE}",
        "stream_slots": fleet.scale.stream_slots,
        "speech_slots": fleet.scale.speech_slots,
    }
    limits: dict[str, Value] = {
        "queue": fleet.scale.speech_slots,
        "per_key": fleet.scale.connections,
        "session_seconds": fleet.timing.session,
        "drain_seconds": fleet.timing.drain,
    }
    return f"{_lines(values)}\n\n[limits]\n{_lines(limits)}\n".encode()


def _lines(values: dict[str, Value]) -> str:
    """JSON's strings, numbers and lists of strings are TOML's as well."""
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
