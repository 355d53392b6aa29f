"""The command: the same files every time, and nothing at all when something is wrong."""

from pathlib import Path

import pytest

from speechtrt.precision import BackendName, Precision
from tests.deploy.conftest import H100, MakeSet
from tests.deploy.kubernetes.conftest import deploy


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_engines_give_the_same_files(fleet: Path, engines: list[Path], tmp_path: Path) -> None:
    before = contents(fleet)
    for out in (fleet, tmp_path / "again"):
        assert deploy(*engines, "-o", out, "--namespace", "speech").exit_code == 0
        assert contents(out) == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--namespace", "Speech_1"), "namespace 'Speech_1' is no DNS label"),
        (("--namespace", "a" * 64), "is no DNS label"),
        (("--namespace", "kube-system"), "belongs to the cluster"),
        (("--namespace", "monitoring"), "is also that of the monitoring"),
        (("--monitoring-namespace", "-"), "is no DNS label"),
        (("--keys", "my.keys!"), "secret 'my.keys!' is no DNS label"),
        (("--storage-class", "fast.Disk"), "storage class 'fast.Disk': part 'Disk' is no DNS label"),
        (("--image", "speechtrt:1 --privileged"), "is no reference"),
        (("--router-image", "HAProxy"), "is no reference"),
        (("--prometheus", "prometheus:9090"), "is no address of Prometheus"),
        (("--pool", "gpu=T4"), "run in none of the pools gpu"),
    ],
)
def test_what_a_cluster_would_refuse_is_refused_first(
    make_set: MakeSet, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    out = tmp_path / "fleet"
    done = deploy(make_set("ctc-medium"), "-o", out, *arguments)
    assert done.exit_code == 1
    assert reason in str(done.exception)
    assert not out.exists()


def test_wrong_usage(make_set: MakeSet, tmp_path: Path) -> None:
    for arguments in (("--least", 3, "--most", 2), ("--least", 0), ("--longest-stream", "x")):
        assert deploy(make_set_once(make_set, tmp_path), "-o", tmp_path / "fleet", *arguments).exit_code == 2
    assert deploy("-o", tmp_path / "fleet").exit_code == 2
    assert not (tmp_path / "fleet").exists()


def make_set_once(make_set: MakeSet, tmp_path: Path) -> Path:
    folder = tmp_path / "engines/ctc-medium/ort-cpu-fp32"
    return folder if folder.exists() else make_set("ctc-medium")


def test_an_image_without_a_metric_is_refused(make_set: MakeSet, tmp_path: Path) -> None:
    page = tmp_path / "metrics.txt"
    page.write_text("# TYPE speechtrt_active_streams gauge\nspeechtrt_active_streams 1\n")
    done = deploy(make_set("ctc-medium"), "-o", tmp_path / "fleet", "--metrics", page)
    assert "does not export speechtrt_" in str(done.exception)
    assert not (tmp_path / "fleet").exists()


def test_a_folder_of_something_else_is_left_alone(fleet: Path, engines: list[Path], tmp_path: Path) -> None:
    before = contents(fleet)
    done = deploy(*engines, "-o", fleet, "--namespace", "other")
    assert "holds the fleet of namespace 'speech', not 'other'" in str(done.exception)
    assert contents(fleet) == before
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    done = deploy(*engines, "-o", foreign)
    assert "holds other files" in str(done.exception)
    assert contents(foreign) == {"thesis.txt": b"years of work"}


def test_a_damaged_engine_is_not_deployed(make_set: MakeSet, tmp_path: Path) -> None:
    folder = make_set("ctc-medium")
    engine = next(folder.glob("*.onnx"))
    data = engine.read_bytes()
    engine.unlink()  # it is a link to the one that all tests share
    engine.write_bytes(data[:-1] + b"x")
    done = deploy(folder, "-o", tmp_path / "fleet")
    assert "sha256" in str(done.exception)
    assert not (tmp_path / "fleet").exists()


def test_engines_of_another_gpu_than_the_pool(make_set: MakeSet, tmp_path: Path) -> None:
    folder = make_set("ctc-large", BackendName.TENSORRT, Precision.FP16, H100)
    done = deploy(folder, "-o", tmp_path / "fleet", "--pool", "small=T4,L4")
    assert "NVIDIA H100 80GB HBM3 run in none of the pools small (T4, L4)" in str(done.exception)
