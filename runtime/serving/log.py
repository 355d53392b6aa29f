"""One JSON object per line on stderr, or plain text for people."""

import json
import logging
import sys
import time
from typing import Literal

from speechtrt.runtime.serving.core.incoming import current


class JsonLines(logging.Formatter):
    """Time in UTC, level, logger, message, the request it is about, the record's own fields, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({"request_id": request.id} if (request := current()) else {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """Message and fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        found = " ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items())
        return f"{super().format(record)} {found}".rstrip()


def configure_logging(kind: Literal["json", "text"]) -> None:
    """Send every logger's lines to stderr; uvicorn tells only what goes wrong, as every request has a line of ours."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else PlainLines("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
