import json
import subprocess
import sys
from pathlib import Path

import pytest

from speechtrt.deploy.bill.closure import Part, closure
from speechtrt.deploy.bill.cyclonedx import bill
from speechtrt.errors import ConfigError


def test_an_extra_brings_what_it_needs_and_what_that_needs() -> None:
    names = [part.name for part in closure("speechtrt", ["cpu"])]
    assert names[0] == "speechtrt"
    assert {"numpy", "onnxruntime", "flatbuffers", "click"} < set(names)
    assert names[1:] == sorted(set(names[1:]))
    assert "torch" not in names
    assert "torch" in [part.name for part in closure("speechtrt", ["export"])]


def test_every_need_is_a_part_and_all_parts_but_the_first_are_needed() -> None:
    parts = closure("speechtrt", ["cpu", "serve"])
    names, needed = {part.name for part in parts}, {need for part in parts for need in part.needs}
    assert needed == names - {"speechtrt"}


def test_what_is_not_installed_or_no_extra_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no extra 'gpus'"):
        closure("speechtrt", ["gpus"])
    with pytest.raises(ConfigError, match="is not installed"):
        closure("speechtrt-elsewhere", [])


def test_the_document() -> None:
    parts = [Part("whole", "1.0", "MIT", ("part",)), Part("part", "2.0+cpu", None, ())]
    found = bill(parts)
    assert found == bill(parts)
    assert found["serialNumber"] != bill(parts[1:])["serialNumber"]
    assert found["components"] == [
        {
            "type": "library",
            "bom-ref": "pkg:pypi/part@2.0%2Bcpu",
            "name": "part",
            "version": "2.0+cpu",
            "purl": "pkg:pypi/part@2.0%2Bcpu",
        }
    ]
    assert found["dependencies"] == [
        {"ref": "pkg:pypi/whole@1.0", "dependsOn": ["pkg:pypi/part@2.0%2Bcpu"]},
        {"ref": "pkg:pypi/part@2.0%2Bcpu", "dependsOn": []},
    ]


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "speechtrt", "deploy", "sbom", "--extra", "cpu"]
    subprocess.run([*command, "-o", str(tmp_path / "bill.json")], check=True, capture_output=True)
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    assert json.loads(printed) == json.loads((tmp_path / "bill.json").read_bytes())
