"""What commands say: notes and progress on stderr, one JSON document on stdout."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

T = TypeVar("T")
PLAIN_STEPS = 10  # lines that a long task writes where there is no terminal


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


def progress(message: str, items: Iterable[T], count: int) -> Iterator[T]:
    """`items`, of which `count` are expected, with a bar; where stderr is no terminal, with a line for every tenth."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, message, total=count, console=console)
        return
    for number, item in enumerate(items, 1):
        yield item
        if count >= 2 * PLAIN_STEPS and number * PLAIN_STEPS // count > (number - 1) * PLAIN_STEPS // count:
            note(f"{message}: {number} of {count}")
