from pathlib import Path

import pytest

from speechtrt.engine_set import ENGINE_FILE
from speechtrt.errors import ManifestError
from speechtrt.suspension import SUSPENSION_FILE, lift_suspension, read_suspension, suspend


@pytest.fixture
def engines(tmp_path: Path) -> Path:
    (tmp_path / ENGINE_FILE).write_text("{}")
    return tmp_path


def test_a_suspension_lasts_until_it_is_lifted(engines: Path) -> None:
    assert read_suspension(engines) is None
    suspend(engines, "vocoder", "NaN or infinity")
    found = read_suspension(engines)
    assert found is not None and (found.stage, found.finding) == ("vocoder", "NaN or infinity")
    assert lift_suspension(engines)
    assert read_suspension(engines) is None
    assert not lift_suspension(engines)


def test_another_build_in_the_same_folder_is_not_suspended(engines: Path) -> None:
    suspend(engines, "vocoder", "NaN or infinity")
    (engines / ENGINE_FILE).write_text('{"built": "again"}')
    assert read_suspension(engines) is None


def test_a_damaged_suspension_is_no_acquittal(engines: Path) -> None:
    (engines / SUSPENSION_FILE).write_text('{"schema": 1')
    with pytest.raises(ManifestError, match=SUSPENSION_FILE):
        read_suspension(engines)
