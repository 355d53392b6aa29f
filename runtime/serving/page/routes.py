"""The page at `/` and its files, by name from a table."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FILES = {
    "/": ("index.html", "text/html"),
    "/page/page.css": ("page.css", "text/css"),
    "/page/page.js": ("page.js", "text/javascript"),
    "/page/listening.js": ("listening.js", "text/javascript"),
    "/page/speaking.js": ("speaking.js", "text/javascript"),
    "/page/figures.js": ("figures.js", "text/javascript"),
}
HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; script-src 'self' blob:; img-src data:; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def page_routes() -> list[Route]:
    """A route per file, which is read when it is asked for."""
    return [Route(path, _page) for path in FILES]


async def _page(request: Request) -> Response:
    name, kind = FILES[request.url.path]
    return Response(files("speechtrt.runtime.serving.page").joinpath(name).read_bytes(), 200, HEADERS, kind)
