"""The router's configuration: pools by model and room, servers at fixed addresses, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from speechtrt.cli import root
from speechtrt.deploy.router.backend import Backend, Discovery, Server
from speechtrt.deploy.router.config import Router
from speechtrt.errors import DeployError


def config(*backends: Backend) -> list[str]:
    text = Router(backends, 1800, 8080, 50051, 8404, "/tmp/admin.sock").config().decode()
    return [line.strip() for line in text.splitlines()]


def pool(name: str, *models: str) -> Backend:
    return Backend(name, models, 96, Discovery(f"{name}.svc", 8080, 50051, 16))


def test_a_model_goes_to_the_first_pool_with_room_and_to_the_last_without() -> None:
    lines = config(pool("small", "ctc-medium", "ctc-small"), pool("large", "ctc-large", "ctc-medium"))
    routes = [line for line in lines if line.startswith(("use_backend http", "default_backend http"))]
    assert routes == [
        "use_backend http_small if http_small_has_room model_0",
        "use_backend http_large if model_0",
        "use_backend http_small if model_1",
        "use_backend http_large if model_2",
        "use_backend http_small if http_small_has_room",
        "default_backend http_large",
    ]


def test_a_single_pool_needs_no_routes() -> None:
    assert not [line for line in config(pool("cpu", "voice")) if line.startswith(("use_backend", "acl"))]


@pytest.mark.parametrize("model", ["my model", 'a"b', "", "-x", "a\nb"])
def test_names_that_would_change_the_configuration_are_refused(model: str) -> None:
    with pytest.raises(DeployError, match="cannot be routed"):
        pool("cpu", model)


def deploy(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["deploy", "router", *map(str, arguments)])


def test_servers_at_fixed_addresses(tmp_path: Path) -> None:
    out = tmp_path / "haproxy.cfg"
    servers = ("--server", "a=127.0.0.1:8081:50061", "--server", "b=host.example:8082:50062")
    assert deploy("-o", out, *servers).exit_code == 0
    text = out.read_text()
    assert "server a 127.0.0.1:8081 port 8081 weight 100" in text
    assert "server b host.example:50062 port 8082 weight 100" in text


@pytest.mark.parametrize(
    ("servers", "reason"),
    [
        (("a=1:2",), "is no server"),
        (("a b=h:1:2",), "is no server"),
        (("a=h:1:2", "a=h:3:4"), "two servers are called"),
    ],
)
def test_what_is_no_server_is_refused(tmp_path: Path, servers: tuple[str, ...], reason: str) -> None:
    done = deploy("-o", tmp_path / "haproxy.cfg", *(part for server in servers for part in ("--server", server)))
    assert reason in str(done.exception)
    assert not (tmp_path / "haproxy.cfg").exists()


def test_weights_are_shares_of_new_requests() -> None:
    both = (Server("a", "h", 1, 2), Server("canary", "h", 3, 4, weight=10))
    assert "server canary h:3 port 3 weight 10" in config(Backend("local", (), 0, both))
