from pathlib import Path

import pytest
import torch

from speechtrt.errors import CheckpointError, StorageError
from speechtrt.models.training.log import LOG, append_line
from speechtrt.models.training.state_file import expect_no_state, previous, read_state, write_state
from tests.models.conftest import no_room

WEIGHTS = torch.arange(5000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state of step 2, with that of step 1 before it."""
    for step in (1, 2):
        write_state(tmp_path / "checkpoint.pt", {"weights": WEIGHTS * step, "step": step})
    return tmp_path / "checkpoint.pt"


def test_the_last_two_states_are_kept(path: Path) -> None:
    assert read_state(path)["step"] == 2
    assert read_state(previous(path))["step"] == 1
    assert torch.equal(read_state(path)["weights"], 2 * WEIGHTS)
    assert sorted(p.name for p in path.parent.iterdir()) == ["checkpoint.previous.pt", "checkpoint.pt"]


@pytest.mark.parametrize("place", [0.1, 0.3, 0.6, 0.999])
def test_one_wrong_bit_is_found(path: Path, place: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 4
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"is damaged .*rename that to checkpoint\.pt and resume"):
        read_state(path)
    assert read_state(previous(path))["step"] == 1


@pytest.mark.parametrize("keep", [0, 40, 9000])
def test_a_torn_file_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    previous(path).unlink()
    with pytest.raises(CheckpointError, match=r"is damaged .*start without --resume"):
        read_state(path)


def test_a_full_disk_leaves_what_was_there(path: Path) -> None:
    with no_room(), pytest.raises(StorageError, match=r"File too large.* free 0\.\d MB and go on from it with"):
        write_state(path, {"weights": WEIGHTS, "step": 3})
    assert read_state(path)["step"] == 2
    assert sorted(p.name for p in path.parent.iterdir()) == ["checkpoint.previous.pt", "checkpoint.pt"]


def test_a_log_without_room_says_how_to_go_on(tmp_path: Path) -> None:
    with no_room(), pytest.raises(StorageError, match="the last checkpoint is whole"):
        append_line(tmp_path / LOG, {"text": "x" * 2000})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="start without --resume"):
        read_state(tmp_path / "checkpoint.pt")


def test_a_run_killed_between_two_renames_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_state(path, {"step": 1})
    path.rename(previous(path))
    with pytest.raises(CheckpointError, match=f"rename that to {path.name} and resume"):
        read_state(path)
    with pytest.raises(CheckpointError, match=r"go on from it with --resume, or choose another --out"):
        expect_no_state(path)
