"""The package list is kept by hand, so a test keeps it honest."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("export", "engines", "runtime", "benchmarks")


def listed() -> tuple[list[str], dict[str, str]]:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    return setuptools["packages"], setuptools["package-dir"]


def dotted(folder: Path) -> str:
    parts = folder.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "speechtrt" else ("speechtrt", *parts))


def packages_on_disk() -> set[str]:
    inits = [p for stage in STAGES for p in (ROOT / stage).rglob("__init__.py")]
    inits += [p for p in (ROOT / "speechtrt").rglob("__init__.py") if not any(q.is_symlink() for q in p.parents)]
    return {dotted(p.parent) for p in inits}


def test_every_package_is_listed() -> None:
    packages, _ = listed()
    assert packages_on_disk() == set(packages)


def test_every_folder_of_a_stage_with_code_is_a_package() -> None:
    for stage in STAGES:
        folders = {p.parent for p in (ROOT / stage).rglob("*.py")}
        assert all((folder / "__init__.py").is_file() for folder in folders)


def test_package_folders_match_their_names() -> None:
    packages, folders = listed()
    for package in packages:
        path = folders.get(package, package.replace(".", "/"))
        assert (ROOT / path / "__init__.py").is_file(), package
        assert dotted(ROOT / path) == package


def test_stage_links_point_to_the_top_level() -> None:
    for stage in STAGES:
        link = ROOT / "speechtrt" / stage
        assert link.is_symlink(), link
        assert link.resolve() == ROOT / stage


def test_no_stage_is_importable_under_its_bare_name() -> None:
    packages, _ = listed()
    assert all(p.startswith("speechtrt") for p in packages)
