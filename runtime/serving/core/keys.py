"""API keys: who a client is, compared in constant time."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import ManifestError
from speechtrt.runtime.serving.core.refusal import Reason, Refusal

ANYONE = "anyone"


@dataclass(slots=True)
class Keyring:
    """Hashes of the accepted keys, which may be exchanged at any time. Without any, everyone may enter."""

    digests: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> "Keyring":
        """A ring of plain keys."""
        return cls(tuple(_digest(key) for key in keys))

    def identify(self, token: str | None) -> str:
        """A short name of the key's owner for limits and logs. Raises Refusal for a missing or wrong token."""
        if not self.digests:
            return ANYONE
        if token is None:
            raise Refusal(
                Reason.UNAUTHENTICATED,
                "no API key; send `Authorization: Bearer KEY`",
                code="missing_api_key",
            )
        found = _digest(token)
        if not any([hmac.compare_digest(found, known) for known in self.digests]):  # a list: every key is compared
            raise Refusal(Reason.UNAUTHENTICATED, "this API key is not known here", code="invalid_api_key")
        return found.hex()[:8]


def read_keys(path: Path) -> tuple[str, ...]:
    """One key per line; empty lines and lines that begin with # are skipped. Raises ManifestError."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read as a key file ({error}); expected one key per line") from error
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise ManifestError(f"{path}: holds no key; write one per line, or start without --api-key-file")
    return keys


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header, or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
