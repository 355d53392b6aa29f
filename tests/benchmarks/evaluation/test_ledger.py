from pathlib import Path

import pytest

from speechtrt.benchmarks.evaluation.ledger import Heard, Ledger
from speechtrt.errors import StorageError

ROWS = [Heard("a", "one", 1.0, 0.1, 20.0), Heard("b", "", 2.0, 0.2, 10.0)]


def test_rows_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.jsonl"
    Ledger.open(path, Heard).append(ROWS[:1])
    Ledger.open(path, Heard).append(ROWS[1:])
    assert Ledger.open(path, Heard).rows == {"a": ROWS[0], "b": ROWS[1]}


def test_a_line_that_was_cut_off_is_heard_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger.open(path, Heard).append(ROWS)
    path.write_bytes(path.read_bytes()[:-7])
    ledger = Ledger.open(path, Heard)
    assert list(ledger.rows) == ["a"] and ledger.cut
    ledger.append(ROWS[1:])
    assert Ledger.open(path, Heard).rows == {"a": ROWS[0], "b": ROWS[1]}


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("my notes\n")
    with pytest.raises(StorageError, match="is no ledger of an evaluation"):
        Ledger.open(path, Heard)
    assert path.read_text() == "my notes\n"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"):
        Ledger.open(tmp_path / "file" / "ledger.jsonl", Heard)
