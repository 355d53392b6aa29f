"""YAML out of plain values: the same bytes for the same values, long text as it is written."""

from typing import Any

import yaml

Document = dict[str, Any]


class _Writer(yaml.SafeDumper):
    """Writes text of several lines as a block, and repeats a value instead of naming it."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Writer.add_representer(str, _text)


def encode(*documents: Document) -> bytes:
    """Documents in the order given, keys in the order of each."""
    text = yaml.dump_all(documents, Dumper=_Writer, sort_keys=False, width=10_000, allow_unicode=True)
    return text.encode()
