"""Everything over TLS: requests, live sessions, gRPC."""

import shutil
import ssl
import subprocess
from pathlib import Path

import grpc
import httpx
import pytest
from websockets.sync.client import connect

from tests.runtime.serving.process import served
from tests.runtime.serving.realtime_client import Client

NAMES = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine that signs itself, and its key."""
    assert shutil.which("openssl"), "openssl is missing: apt-get install openssl"
    certificate, key = folder / "cert.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *NAMES]
    subprocess.run([*made, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
    return certificate, key


@pytest.mark.system
def test_all_protocols_speak_tls_and_nothing_else(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    certificate, key = certified(tmp_path)
    settings = f'tls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    (tmp_path / "serve.toml").write_text(settings)
    trust = ssl.create_default_context(cafile=str(certificate))
    with served("--engines", tiny_ctc_engines, "--config", tmp_path / "serve.toml") as server:
        address = f"127.0.0.1:{server.port}"
        assert httpx.get(f"https://{address}/v2/health/ready", verify=trust, trust_env=False).status_code == 200
        with connect(f"wss://{address}/v1/realtime", ssl=trust, proxy=None) as socket:
            Client(socket).expect("session.created")
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(f"127.0.0.1:{server.grpc_port}", credentials) as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            assert check(b"", timeout=60) == b"\x08\x01"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{address}/v2/health/ready", trust_env=False)
        with (
            grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
            pytest.raises(grpc.RpcError),
        ):
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=60)
