"""A headless Chromium with a fake microphone, driven over its own debugging protocol."""

import base64
import itertools
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
    "--window-size=1100,800",
)


@dataclass(slots=True)
class Page:
    """One page; `complaints` are errors that its console showed."""

    socket: ClientConnection
    complaints: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=30))
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def run(self, code: str) -> Any:
        done = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, code: str, seconds: float = 30) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := self.run(code)):
            assert time.monotonic() < deadline, f"never: {code}; {self.run('document.body.innerText')}"
            time.sleep(0.1)
        return value

    def choose_file(self, selector: str, path: Path) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(message["params"]))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(str(message["params"]["entry"]))


@contextmanager
def browsing(url: str, microphone: Path, profile: Path) -> Iterator[Page]:
    """A page that has loaded `url`; the microphone plays a WAV file again and again."""
    sound = f"--use-file-for-fake-audio-capture={microphone}"
    command = ["chromium", *FLAGS, sound, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_address(profile), proxy=None, max_size=None) as socket:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "DOM"):
                    page.call(f"{domain}.enable")
                page.call("Page.navigate", url=url)
                yield page
        finally:
            process.terminate()


def _address(profile: Path) -> str:
    deadline = time.monotonic() + 30
    while not (profile / "DevToolsActivePort").exists():
        assert time.monotonic() < deadline, "chromium did not start"
        time.sleep(0.1)
    port = (profile / "DevToolsActivePort").read_text().split()[0]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
        pages = json.load(answer)
    address: str = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page")
    return address
