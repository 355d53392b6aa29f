"""openai's SDK speaks: every way to get speech, as base64 in one JSON document. Usage: URL TEXT VOICE SEED"""

import base64
import json
import sys

from openai import OpenAI


def main(url: str, text: str, voice: str, seed: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="anything")
    speech = client.audio.speech
    extra = {"seed": int(seed)}
    found = {
        kind: speech.create(model="voice", voice=voice, input=text, response_format=kind, extra_body=extra).content
        for kind in ("wav", "pcm", "flac", "mp3", "opus", "aac")
    }
    with speech.with_streaming_response.create(
        model="voice", voice=voice, input=text, response_format="pcm", extra_body=extra
    ) as response:
        found["streamed"] = b"".join(response.iter_bytes(1024))
    with speech.with_streaming_response.create(
        model="voice", voice=voice, input=text, response_format="pcm", stream_format="sse", extra_body=extra
    ) as response:
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]
    found["events"] = b"".join(base64.b64decode(e["audio"]) for e in events if e["type"] == "speech.audio.delta")
    document = {kind: base64.b64encode(data).decode() for kind, data in found.items()}
    print(
        json.dumps({**document, "kinds": [e["type"] for e in events], "models": [m.id for m in client.models.list()]})
    )


main(*sys.argv[1:])
