"""The page at `/`: its files over a socket, and all of it in headless Chromium over the reference models."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.runtime.serving.page.routes import FILES
from tests.runtime.serving.browser import browsing
from tests.runtime.serving.live import serving
from tests.runtime.serving.process import served

ROOT = Path(__file__).parents[3]
RECORDING = ROOT / "speechtrt/models/evaluation/000011.flac"
SAID = "what is thirty three plus seven thousand"


def test_every_file_is_served_and_none_comes_from_elsewhere() -> None:
    with serving() as live, live.client() as client:
        for path, (_, kind) in FILES.items():
            answer = client.get(path)
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
            assert "default-src 'self'" in answer.headers["content-security-policy"]
            asked = re.findall(r"""(?:src|href|from)=?\s*["'](/[^"']*)["']""", answer.text)
            assert set(asked) <= set(FILES)
            assert not re.search(r"https?://(?!\$)", answer.text)
        assert client.get("/page/../page.js").status_code == 404


@pytest.mark.system
def test_a_browser_listens_and_speaks(tmp_path: Path) -> None:
    assert shutil.which("chromium"), "chromium is missing: apt-get install chromium"
    audio = read_audio(RECORDING)
    pause = np.zeros(2 * audio.rate, np.float32)
    write_wav(tmp_path / "microphone.wav", Audio(np.concatenate([pause, audio.samples, pause]), audio.rate))
    items = "[...document.querySelectorAll('#items li')].map(i => i.innerText)"
    with (
        served() as server,
        browsing(server.url, tmp_path / "microphone.wav", tmp_path / "profile") as page,
    ):
        page.until("document.querySelector('#hearer option')?.text === 'ctc-medium'")
        page.until("document.querySelector('#state').textContent === 'ready'")
        page.choose_file("#file", RECORDING)
        [said] = page.until(f"(x => x.length && x.every(t => /final \\d+ ms/.test(t)) && x)({items})")
        assert said.startswith(f"{SAID}\n")
        page.run("document.querySelector('#microphone').click()")
        page.until(f"({items}).length >= 2 && !document.querySelector('#items li.open')")
        page.run("document.querySelector('#microphone').click()")
        assert SAID.split()[-1] in page.run(items)[0]
        page.run("document.querySelector('#speak').click()")
        page.until("/first sound after \\d+ ms/.test(document.querySelector('#speak-note').textContent)")
        page.until("/≤ \\d+ ms/.test(document.querySelector('#models').innerText)")
        page.screenshot(Path(os.environ.get("SPEECHTRT_SCREENSHOT", tmp_path / "page.png")))
        assert page.run("document.querySelectorAll('#models tr').length") == 2
        assert page.complaints == []
