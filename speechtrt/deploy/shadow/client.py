"""The smallest client of `/v1/audio/transcriptions`."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from speechtrt.errors import RequestError


@dataclass(frozen=True, slots=True)
class Client:
    """Sends recordings to a server at `url`."""

    url: str
    model: str
    key: str | None = None
    timeout: float = 30.0

    def transcribe(self, recording: Path) -> str:
        """The text. Raises RequestError."""
        boundary = uuid.uuid4().hex
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        request = Request(f"{self.url}/v1/audio/transcriptions", self._form(recording, boundary), headers)
        try:
            with urlopen(request, timeout=self.timeout) as answer:
                return str(json.load(answer)["text"])
        except (URLError, OSError, ValueError, KeyError) as error:
            raise RequestError(f"{self.url}: gave no transcript ({error}); see its log") from error

    def _form(self, recording: Path, boundary: str) -> bytes:
        fields = f'--{boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n{self.model}\r\n'
        file = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{recording.name}"\r\n\r\n'
        return f"{fields}{file}".encode() + recording.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
