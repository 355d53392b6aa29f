"""openai's SDK transcribes a file in every format. Usage: URL FILE"""

import json
import sys
from pathlib import Path

from openai import OpenAI


def main(url: str, path: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="anything")
    create = client.audio.transcriptions.create
    file = Path(path)
    verbose = create(
        model="ctc-medium", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    events = list(create(model="ctc-medium", file=file, stream=True))
    print(
        json.dumps(
            {
                "json": create(model="ctc-medium", file=file).text,
                "text": create(model="ctc-medium", file=file, response_format="text"),
                "srt": create(model="ctc-medium", file=file, response_format="srt"),
                "vtt": create(model="ctc-medium", file=file, response_format="vtt"),
                "verbose": verbose.text,
                "duration": verbose.duration,
                "words": [[w.word, w.start, w.end] for w in verbose.words],
                "segments": [s.text for s in verbose.segments],
                "deltas": [e.delta for e in events if e.type == "transcript.text.delta"],
                "done": events[-1].text,
            }
        )
    )


main(*sys.argv[1:])
