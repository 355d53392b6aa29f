"""Text files of manifests, line by line."""

from pathlib import Path

from speechtrt.errors import DataError


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 file. Raises DataError, which names the line that is not."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a manifest") from error
    try:
        return data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise DataError(f"{path}: line {number} is not UTF-8; convert the file, then evaluate it") from error


def bad_line(path: Path, number: int, found: str, expected: str) -> DataError:
    """One line that cannot be understood."""
    return DataError(f"{path}: line {number} is {found[:60]!r}; expected {expected}")
