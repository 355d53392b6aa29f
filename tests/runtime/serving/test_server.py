"""The whole server over real engines: what it says is what the commands say, and it ends in order."""

import base64
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.cli import root
from speechtrt.runtime.serving.core.limits import Limits
from tests.runtime.serving.process import Served, served
from tests.runtime.serving.variants import rewritten


@pytest.fixture(scope="module")
def server(tiny_tts_engines: Path, tiny_ctc_engines: Path) -> Iterator[Served]:
    with served("--engines", tiny_tts_engines, "--engines", tiny_ctc_engines) as server:
        yield server


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "noise.wav"
    write_wav(path, Audio(np.random.default_rng(1).normal(0, 0.1, 60_000).astype(np.float32), 24_000))
    return path


def command(*arguments: object) -> str:
    result = CliRunner().invoke(root, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_speech_is_what_synth_writes(server: Served, tiny_tts_engines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    command("synth", "hello you", "-o", out, "--engines", tiny_tts_engines, "--voice", "ben", "--seed", 5)
    body = {"model": "tiny-voice", "input": "hello you", "voice": "ben", "seed": 5, "response_format": "wav"}
    with server.client() as client:
        response = client.post("/v1/audio/speech", json=body)
    assert response.status_code == 200, response.text
    theirs, rate = soundfile.read(out, dtype="int16")
    ours, our_rate = soundfile.read(io.BytesIO(response.content), dtype="int16")
    assert (our_rate, ours.tolist()) == (rate, theirs.tolist())


def test_text_is_what_transcribe_writes(server: Served, tiny_ctc_engines: Path, recording: Path) -> None:
    said = json.loads(command("transcribe", recording, "--engines", tiny_ctc_engines, "--json"))["results"][0]
    with server.client() as client:

        def post(**fields: str) -> str:
            files = {"file": ("a.wav", recording.read_bytes())}
            response = client.post("/v1/audio/transcriptions", files=files, data={"model": "tiny-ctc", **fields})
            assert response.status_code == 200, response.text
            return response.text

        words = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
        verbose = json.loads(post(**words))
        streamed = [json.loads(line.removeprefix("data: ")) for line in post(stream="true").split("\n\n") if line]
        assert json.loads(post())["text"] == said["text"]
    assert verbose["text"] == said["text"]
    assert [w["word"] for w in verbose["words"]] == [w["word"] for w in said["words"]]
    assert "".join(e["delta"] for e in streamed[:-1]) == streamed[-1]["text"] == said["text"]


def test_a_live_session_hears_the_same(server: Served, tiny_ctc_engines: Path, recording: Path) -> None:
    said = command("transcribe", recording, "--engines", tiny_ctc_engines).strip()
    audio = read_audio(recording)
    pcm = np.rint(audio.samples * 32768).astype("<i2")
    with connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=tiny-ctc", proxy=None) as client:
        manual = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}
        client.send(json.dumps({"type": "session.update", "session": manual}))
        for start in range(0, len(pcm), 2400):
            data = base64.b64encode(pcm[start : start + 2400].tobytes()).decode()
            client.send(json.dumps({"type": "input_audio_buffer.append", "audio": data}))
        client.send('{"type": "input_audio_buffer.commit"}')
        events = [json.loads(client.recv(timeout=60))]
        while not events[-1]["type"].endswith("completed"):
            events.append(json.loads(client.recv(timeout=60)))
    assert events[-1]["transcript"] == said
    assert "".join(e["delta"] for e in events if e["type"].endswith("delta")) == said


def test_many_clients_at_once_hear_what_each_would_alone(server: Served) -> None:
    texts = [f"text number {n}" for n in range(12)]

    def speak(text: str) -> bytes:
        body = {"model": "tiny-voice", "input": text, "response_format": "pcm"}
        with server.client() as client:
            return client.post("/v1/audio/speech", json=body).content

    alone = [speak(text) for text in texts]
    together: dict[str, bytes] = {}
    threads = [threading.Thread(target=lambda t=t: together.update({t: speak(t)})) for t in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[text] for text in texts] == alone


def test_nothing_that_was_said_is_logged(server: Served) -> None:
    with server.client() as client:
        client.post("/v1/audio/speech", json={"model": "tiny-voice", "input": "a secret", "response_format": "wav"})
        client.get("/v2/health/live", headers={"x-request-id": "last"})
    while server.read_until("request")["request_id"] != "last":
        pass
    line = next(entry for entry in server.log if entry.get("path") == "/v1/audio/speech")
    assert {"request_id", "status", "seconds", "time", "level"} <= set(line)
    assert "secret" not in json.dumps(server.log)


def test_a_signal_lets_live_streams_finish(tiny_tts_engines: Path, tiny_ctc_engines: Path) -> None:
    with served("--engines", tiny_tts_engines, "--engines", tiny_ctc_engines) as server, server.client() as client:
        with connect(f"ws://127.0.0.1:{server.port}/v1/realtime", proxy=None) as stream:
            stream.recv(timeout=60)
            server.process.send_signal(signal.SIGTERM)
            server.read_until("draining")
            assert client.get("/v2/health/ready").status_code == 503
            assert client.get("/v2/health/live").status_code == 200
            assert client.post("/v1/audio/speech", json={"input": "no"}).status_code == 503
            with connect(f"ws://127.0.0.1:{server.port}/v1/realtime", proxy=None) as late:
                with pytest.raises(ConnectionClosed) as closed:
                    late.recv(timeout=60)
                assert closed.value.rcvd and closed.value.rcvd.code == 1012
            stream.send('{"type": "input_audio_buffer.clear"}')
            assert json.loads(stream.recv(timeout=60))["type"] == "input_audio_buffer.cleared"
        assert server.process.wait(60) == 0


def test_what_lasts_too_long_is_cut(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    (tmp_path / "serve.toml").write_text("[limits]\ndrain_seconds = 0.3\n")
    with (
        served("--engines", tiny_ctc_engines, "--config", tmp_path / "serve.toml") as server,
        connect(f"ws://127.0.0.1:{server.port}/v1/realtime", proxy=None) as stream,
    ):
        stream.recv(timeout=60)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=60)
        assert closed.value.rcvd and closed.value.rcvd.code == 1012
        assert server.process.wait(60) == 0
        assert time.monotonic() - start < Limits().drain_seconds


def test_check_config_shows_values_with_their_origin(tiny_tts_engines: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# ours\nkey-1\n\nkey-2\n")
    flags = ("--engines", tiny_tts_engines, "--api-key-file", tmp_path / "keys", "--port", 9, "--check-config")
    document = json.loads(command("serve-stream", *flags, "--alias", "tts-1=tiny-voice", "--json"))
    assert (document["models"], document["keys"]) == (["tiny-voice"], 2)
    assert (document["settings"]["port"], document["origins"]["port"], document["origins"]["host"]) == (
        9,
        "flag",
        "default",
    )
    assert document["settings"]["aliases"] == {"tts-1": "tiny-voice"}
    assert "port = 9  (flag)" in command("serve-stream", *flags)


def test_check_config_finds_what_would_not_start(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    offline = tmp_path / "offline"
    shutil.copytree(tiny_ctc_engines, offline)
    manifest = json.loads((offline / "engine.json").read_text())
    manifest["model"]["ctc"] |= {"chunks": [], "recording": {"shortest": 400, "longest": 16_000}}
    rewritten(offline, json.dumps(manifest))
    (tmp_path / "serve.toml").write_text('[routing]\nlarge = "nobody"\n')
    flags = ("--config", tmp_path / "serve.toml", "--check-config")
    assert "'nobody'" in refusal("--engines", tiny_ctc_engines, *flags)
    assert "whole recordings only" in refusal("--engines", offline, "--check-config")
    assert "whole recordings only" in refusal("--engines", offline, "--port", 0, "--grpc-port", 0)


def refusal(*flags: object) -> str:
    """The last line of a server that does not start."""
    command = [sys.executable, "-m", "speechtrt", "serve-stream", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("speechtrt: ")
    return line


def test_what_cannot_be_listened_at_is_one_line(tiny_tts_engines: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, engines = taken.getsockname()[1], ("--engines", tiny_tts_engines)
        assert "choose another --host or --port" in refusal(*engines, "--port", port)
        assert "choose another --grpc-port" in refusal(*engines, "--port", 0, "--grpc-port", port)


def test_wrong_tls_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "serve.toml").write_text(f'tls_certificate = "{tmp_path}/cert.pem"\ntls_key = "{tmp_path}/cert.pem"\n')
    assert "cert.pem" in refusal("--port", 0, "--config", tmp_path / "serve.toml")


def test_a_damaged_engine_set_is_refused(tiny_tts_engines: Path, tmp_path: Path) -> None:
    folder = tmp_path / "engines"
    shutil.copytree(tiny_tts_engines, folder)
    engine = next(folder.glob("*.onnx"))
    data = bytearray(engine.read_bytes())
    data[len(data) // 2] ^= 1
    engine.unlink()
    engine.write_bytes(data)
    for flags in (("--check-config",), ("--port", 0, "--grpc-port", 0)):
        assert "sha256" in refusal("--engines", folder, *flags)
