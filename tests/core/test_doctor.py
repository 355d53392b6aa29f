import json
from importlib import metadata

import pytest
from click.testing import CliRunner

from speechtrt import doctor
from speechtrt.doctor import Finding, Health, Package, check_disk, check_package, check_program, examine


def test_this_machine_is_healthy() -> None:
    report = examine()
    assert report.healthy
    assert {"python", "cpu", "onnxruntime", "tensorrt-rtx"} <= {f.name for f in report.findings}


def test_every_finding_that_is_not_ok_says_what_to_do() -> None:
    assert [f for f in examine().findings if f.health is not Health.OK and not f.remedy] == []


def test_an_absent_extra_is_named() -> None:
    finding = check_package(Package("no-such-distribution", "nothing", "export"))
    assert finding == Finding(
        "no-such-distribution", Health.ABSENT, "not installed (nothing)", "pip install 'speechtrt[export]'"
    )


def test_an_absent_core_package_is_broken() -> None:
    assert check_package(Package("no-such-distribution", "nothing")).health is Health.BROKEN


def test_an_absent_program_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert check_program("flite", "training data").remedy == "apt-get install flite"


def test_a_full_disk_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 2**20

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    assert check_disk().health is Health.BROKEN


def test_json_and_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(doctor.doctor, ["--json"])
    assert (done.exit_code, json.loads(done.stdout)["healthy"]) == (0, True)

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert CliRunner().invoke(doctor.doctor).exit_code == 1
