"""How much a client may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of requests and sessions; times in seconds."""

    queue: int = 16  # requests to speak in flight beyond the slots; streams do not wait
    per_key: int = 64  # requests of a model in flight for one key
    body_bytes: int = 25 * 1024 * 1024
    text_characters: int = 4096
    audio_seconds: float = 1800.0  # of one recording
    turn_seconds: float = 120.0  # of one item of a live session
    session_seconds: float = 3600.0
    idle_seconds: float = 300.0
    write_seconds: float = 10.0  # until a client must have read what was sent
    drain_seconds: float = 30.0
    late_seconds: float = 0.02  # of the event loop, above which nobody else is let in
