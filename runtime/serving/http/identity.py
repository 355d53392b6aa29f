"""Whose request it is."""

from starlette.requests import HTTPConnection

from speechtrt.runtime.serving.core.keys import Keyring, bearer


def identify(connection: HTTPConnection, keyring: Keyring) -> str:
    """A short name of the key's owner. Raises Refusal."""
    return keyring.identify(bearer(connection.headers.get("authorization")))
