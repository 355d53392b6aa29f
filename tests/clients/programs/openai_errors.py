"""openai's SDK meets refusals. Usage: URL KEY

The server has one slot and no queue; one request holds it, the SDK comes back by itself until it is free.
"""

import json
import sys
import threading

import openai
from openai import OpenAI

LONG = "one two three four five six seven eight nine ten. " * 40


def name_of(call: object) -> str:
    try:
        call()  # type: ignore[operator]
    except openai.APIError as error:
        return f"{type(error).__name__} {getattr(error, 'code', None)}"
    return "nothing"


def main(url: str, key: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
    speech, stranger = client.audio.speech, OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0)
    good = {"model": "voice", "voice": "slt", "input": "hello"}
    found: dict[str, object] = {
        "key": name_of(lambda: stranger.models.list()),
        "model": name_of(lambda: speech.create(**{**good, "model": "../voice"})),
        "voice": name_of(lambda: speech.create(**{**good, "voice": "nobody"})),
        "empty": name_of(lambda: speech.create(**{**good, "input": "  "})),
        "long": name_of(lambda: speech.create(**{**good, "input": "a" * 4097})),
        "file": name_of(lambda: client.audio.transcriptions.create(model="ctc-medium", file=b"no audio at all")),
    }
    with speech.with_streaming_response.create(model="voice", voice="slt", input=LONG, response_format="wav") as busy:
        pieces = busy.iter_bytes(4096)
        next(pieces)
        found["full"] = name_of(lambda: speech.create(**good))
        rest = threading.Thread(target=lambda: [None for _ in pieces])
        rest.start()
        patient = client.with_options(max_retries=50)
        found["patient"] = len(patient.audio.speech.create(**good, response_format="wav").content)
        rest.join()
    print(json.dumps(found))


main(*sys.argv[1:])
