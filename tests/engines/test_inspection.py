"""`speechtrt inspect` of real artefacts: on a terminal, as a page, and of what is damaged."""

import json
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.engines.builder import build_engine_set
from speechtrt.errors import IntegrityError, ManifestError, SpeechTRTError
from speechtrt.inspection.command import inspect
from speechtrt.precision import BackendName, Precision
from tests.engines.conftest import ANY_TIME
from tests.engines.hostile import STAGE, write_loud_bundle
from tests.engines.listening import Ears


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that was searched, with its bundle beside it."""
    folder = tmp_path_factory.mktemp("inspection")
    write_loud_bundle(folder / "bundle", {"up_1", "down_4"})
    build_engine_set(
        folder / "bundle",
        BackendName.ORT_CPU,
        Precision.INT8,
        folder / "set",
        cache=folder / "cache",
        most_time=ANY_TIME,
        quality=lambda: Ears(0.5),
        say=lambda line: None,
    )
    return folder


def shown(*arguments: object) -> str:
    result = CliRunner().invoke(inspect, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_set_shows_its_gates_and_its_search(hostile: Path) -> None:
    text = shown(hostile / "set")
    for words in ("stages", "gate", "speech", "policy", "search for encoder: attempts", "relative_l2", "mcd", "83 %"):
        assert words in text
    assert "spared: its own error is" in text
    assert "nodes of encoder" not in text


def test_every_node_is_listed_when_asked_for(hostile: Path) -> None:
    text = shown(hostile / "set", "--nodes")
    policy = EngineFolder.open(hostile / "set").manifest.stage(STAGE).policy
    assert all(row.node in text for row in policy)
    assert "search for encoder: groups" in text


def test_a_bundle_shows_stages_parity_and_tensors(hostile: Path) -> None:
    text = shown(hostile / "bundle")
    assert all(words in text for words in ("bundle hostile", "compared with PyTorch", "float32 [rows, frames, 32]"))


def test_json_is_the_manifest(hostile: Path) -> None:
    assert json.loads(shown(hostile / "set", "--json"))["name"] == "hostile"


class Links(HTMLParser):
    """Collects what a page would fetch or run, and its titles."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.rectangles = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rectangles += tag == "rect"
        if tag in ("script", "link", "img", "iframe") or {"src", "href"} & {name for name, _ in attrs}:
            self.outside.append(tag)


@pytest.mark.parametrize("name", ["set", "bundle"])
def test_the_page_needs_nothing_else(hostile: Path, tmp_path: Path, name: str) -> None:
    shown(hostile / name, "--html", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    links = Links()
    links.feed(text)
    assert links.outside == []
    assert "url(" not in text
    assert text.count("<table>") == text.count("</table>") > 2
    assert f"<h1>{'engine set' if name == 'set' else 'bundle'} hostile" in text


def test_every_precision_has_a_colour() -> None:
    style = files("speechtrt.inspection").joinpath("page.css").read_text()
    assert [precision for precision in Precision if f"rect.{precision}" not in style] == []


def test_the_page_draws_every_node_and_every_group(hostile: Path, tmp_path: Path) -> None:
    shown(hostile / "set", "--html", tmp_path / "page.html")
    stage = EngineFolder.open(hostile / "set").manifest.stage(STAGE)
    assert stage.search is not None
    links = Links()
    links.feed((tmp_path / "page.html").read_text())
    assert links.rectangles == len(stage.policy) + len(stage.search.groups)
    assert (tmp_path / "page.html").read_text().count('class="spared"') == 2


def refuse(folder: Path, kind: type[SpeechTRTError]) -> str:
    result = CliRunner().invoke(inspect, [str(folder)])
    assert isinstance(result.exception, kind)
    assert "\n" not in str(result.exception)
    return str(result.exception)


DAMAGES: dict[str, tuple[str, bytes | None, type[SpeechTRTError], str]] = {
    "bits": (f"{STAGE}.onnx", b"x", IntegrityError, "encoder.onnx: has sha256"),
    "lost": (f"{STAGE}.onnx", None, IntegrityError, "is missing"),
    "cut": (ENGINE_FILE, b'{"schema": 1, "na', ManifestError, "is not a valid EngineSet"),
    "newer": (ENGINE_FILE, b'{"schema": 2}', ManifestError, "has schema 2"),
    "none": (ENGINE_FILE, None, ManifestError, "is neither a bundle"),
    "empty": (ENGINE_FILE, b"", ManifestError, "is not a valid EngineSet"),
    "foreign": (ENGINE_FILE, b"\x89PNG\r\n", ManifestError, "is not a valid EngineSet"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_in_one_line(hostile: Path, tmp_path: Path, damage: str) -> None:
    file, content, kind, said = DAMAGES[damage]
    copy = Path(shutil.copytree(hostile / "set", tmp_path / "set"))
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_bytes(content)
    assert said in refuse(copy, kind)
