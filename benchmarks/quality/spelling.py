"""Texts as a recogniser would write them, so that only words are compared."""

import string

_MARKS = str.maketrans("", "", string.punctuation.replace("'", ""))


def plain_words(text: str) -> str:
    """Lower case, no punctuation but apostrophes, single spaces."""
    return " ".join(text.lower().translate(_MARKS).split())
