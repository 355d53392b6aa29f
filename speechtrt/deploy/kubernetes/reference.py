"""What a fleet refers to and cannot look at: images, and where Prometheus answers."""

import re

from speechtrt.errors import DeployError

HOST = r"[A-Za-z0-9.-]+(?::\d+)?"
IMAGE = re.compile(rf"(?:{HOST}/)?[a-z0-9._/-]+(?::[\w][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?")
URL = re.compile(rf"https?://(?:{HOST}|\[[0-9a-fA-F:]+\](?::\d+)?)(?:/\S*)?")


def image_reference(name: str) -> str:
    """`name`, if it may name an image. Raises DeployError."""
    if not IMAGE.fullmatch(name):
        raise DeployError(f"image {name!r} is no reference; expected e.g. registry.example/speechtrt:1")
    return name


def prometheus_url(url: str) -> str:
    """`url`, if Prometheus may be asked there. Raises DeployError."""
    if not URL.fullmatch(url):
        raise DeployError(f"{url!r} is no address of Prometheus; expected e.g. http://prometheus.monitoring.svc:9090")
    return url
