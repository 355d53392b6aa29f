"""What a prompt says of the words to come."""

import re

SEPARATORS = re.compile(r"[,;\n]")
MOST_PHRASES, MOST_WORDS = 100, 4


def phrases(prompt: str | None) -> tuple[str, ...]:
    """The phrases of a prompt that lists some, `one, two words, three`; a prompt in sentences lists none."""
    parts = [" ".join(part.strip(" .").split()) for part in SEPARATORS.split(prompt or "")]
    found = [part for part in parts if part]
    if len(found) < 2 or any(len(part.split()) > MOST_WORDS for part in found):
        return ()
    return tuple(dict.fromkeys(found))[:MOST_PHRASES]
