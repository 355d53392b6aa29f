"""What commands say: notes and progress on stderr, one JSON document on stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec


def note(message: str) -> None:
    """One line on stderr."""
    print(message, file=sys.stderr, flush=True)


def emit_json(document: object) -> None:
    """Print a dataclass or mapping as one indented JSON document on stdout."""
    data = msgspec.json.encode(document, enc_hook=str)
    sys.stdout.write(msgspec.json.format(data, indent=2).decode() + "\n")
    sys.stdout.flush()


@contextmanager
def activity(message: str) -> Iterator[None]:
    """Show `message` with a spinner while the block runs; a plain line when stderr is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        note(message)
        yield
        return
    with console.status(message):
        yield
