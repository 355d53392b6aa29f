"""What the server is told: flags before environment before file before defaults, each with its origin."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from speechtrt.errors import ConfigError, TextError
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions
from speechtrt.runtime.policy.canary import CanaryRules
from speechtrt.runtime.serving.core.keys import read_keys
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.router import Routing
from speechtrt.runtime.serving.fleet.acceptance import Acceptance

PREFIX = "SPEECHTRT_"
KEYS = "SPEECHTRT_API_KEYS"
Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class Settings:
    """Effective settings. Without `engines` the reference models are served; `aliases` are other names of models and
    voices; `origins` are web pages that may open a WebSocket, besides those of this server itself; `decoding` is that
    of streams which ask for nothing else. `guard_share` of a model's batches is run again in the reference precision.
    `traces` is the URL of a collector that takes OTLP over HTTP.

    Operators' routes exist only with an `admin_key_file`. With an `operator_port` they and `/metrics` are served there,
    at `operator_host` (None: `host`), and nowhere else. `engine_root` holds the engine sets that may be swapped in;
    None is the folder that holds the served one.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    grpc_port: Port = 50051
    wyoming_port: Port | None = None
    engines: tuple[Path, ...] = ()
    api_key_file: Path | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    speech_slots: Count = 16
    stream_slots: Count = 64
    turn_detector: Literal["energy", "silero"] = "energy"
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    log: Literal["json", "text"] = "json"
    admin_key_file: Path | None = None
    operator_host: str | None = None
    operator_port: Port | None = None
    engine_root: Path | None = None
    limits: Limits = field(default_factory=Limits)
    acceptance: Acceptance = field(default_factory=Acceptance)
    canary: CanaryRules = field(default_factory=CanaryRules)
    decoding: DecodingOptions = GREEDY
    routing: Routing = field(default_factory=Routing)
    traces: str | None = None
    guard_share: Annotated[float, Meta(ge=0, le=1)] = 0.0


LISTS = ("engines", "origins")
TABLES = {
    "limits": Limits,
    "acceptance": Acceptance,
    "canary": CanaryRules,
    "decoding": DecodingOptions,
    "routing": Routing,
}
NAMES = tuple(f.name for f in fields(Settings))


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings, and where each value came from."""

    settings: Settings
    origins: Mapping[str, str]


def read_settings(flags: Mapping[str, Any], file: Path | None, environment: Mapping[str, str]) -> Effective:
    """Merge the sources; a flag that is None or empty was not given. Raises ConfigError."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(NAMES, "default")
    for origin, source in (
        (f"file {file}", _file(file)),
        ("environment", _environment(environment)),
        ("flag", {name: value for name, value in flags.items() if value not in (None, ())}),
    ):
        values |= source
        origins |= dict.fromkeys(source, origin)
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(_blamed(str(error), origins)) from error
    except TextError as error:
        raise ConfigError(f"decoding (from {origins['decoding']}): {error}") from error
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConfigError("only one of tls_certificate and tls_key is set; TLS needs both")
    return Effective(settings, origins)


def _file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error}); see docs/serving.md for an example") from error
    _expect_known(values, NAMES, str(path))
    for table, kind in TABLES.items():
        _expect_known(values.get(table, {}), tuple(f.name for f in fields(kind)), f"{path}, {table}")
    return values


def _expect_known(values: object, known: tuple[str, ...], where: str) -> None:
    if isinstance(values, dict) and (strange := [name for name in values if name not in known]):
        raise ConfigError(f"{where}: there is no setting {strange[0]!r}; expected one of {', '.join(known)}")


def _environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {n: environment[PREFIX + n.upper()] for n in NAMES if n not in TABLES and PREFIX + n.upper() in environment}
    return {name: _parsed(name, text) for name, text in found.items()}


def _parsed(name: str, text: str) -> object:
    """Lists are separated by commas (paths as in PATH), aliases are name=model."""
    if name == "engines":
        return [part for part in text.split(os.pathsep) if part]
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if name == "aliases":
        return dict(part.partition("=")[::2] for part in parts)
    return parts if name in LISTS else text


def _path(kind: type[Any], value: object) -> Path:
    assert kind is Path
    if isinstance(value, str | Path):
        return Path(value)
    raise ValueError(f"expected a path, got {value!r}")


def _blamed(message: str, origins: Mapping[str, str]) -> str:
    """msgspec names the field at the end: ' - at `$.port`'."""
    what, _, where = message.partition(" - at `$.")
    name = where.rstrip("`").partition(".")[0].partition("[")[0]
    return f"{name or 'settings'} (from {origins.get(name, 'settings')}): {what[:1].lower()}{what[1:]}"


def api_keys(settings: Settings) -> tuple[str, ...]:
    """Keys of the file and of the environment. Raises ManifestError."""
    found = tuple(key.strip() for key in os.environ.get(KEYS, "").split(",") if key.strip())
    return found if settings.api_key_file is None else (*found, *read_keys(settings.api_key_file))


def admin_keys(settings: Settings) -> tuple[str, ...]:
    """Keys of operators. Raises ManifestError."""
    return () if settings.admin_key_file is None else read_keys(settings.admin_key_file)
