"""nvidia-riva-client transcribes. Usage: ADDRESS FILE   (FILE: 16-bit WAV)"""

import json
import sys
import wave
from pathlib import Path
from typing import Any

import riva.client


def config(**changes: Any) -> riva.client.RecognitionConfig:
    return riva.client.RecognitionConfig(
        language_code="en-US", max_alternatives=1, enable_word_time_offsets=True, **changes
    )


def streamed(service: riva.client.ASRService, chunks: list[bytes], settings: riva.client.RecognitionConfig) -> Any:
    streaming = riva.client.StreamingRecognitionConfig(config=settings, interim_results=True)
    results = [r for a in service.streaming_response_generator(chunks, streaming) for r in a.results]
    finals = [r.alternatives[0] for r in results if r.is_final]
    return {
        "text": " ".join(f.transcript for f in finals),
        "words": [[w.word, w.start_time, w.end_time] for f in finals for w in f.words],
        "interim": len([r for r in results if not r.is_final]),
    }


def main(address: str, path: str) -> None:
    service = riva.client.ASRService(riva.client.Auth(uri=address))
    data = Path(path).read_bytes()
    with wave.open(path) as file:
        pcm, rate = file.readframes(file.getnframes()), file.getframerate()
    raw = {"encoding": riva.client.AudioEncoding.LINEAR_PCM, "sample_rate_hertz": rate}
    offline = service.offline_recognize(data, config()).results[0].alternatives[0]
    listed = service.stub.GetRivaSpeechRecognitionConfig(
        riva.client.proto.riva_asr_pb2.RivaSpeechRecognitionConfigRequest()
    )
    print(
        json.dumps(
            {
                "offline": offline.transcript,
                "offline_words": [[w.word, w.start_time, w.end_time] for w in offline.words],
                "raw": service.offline_recognize(pcm, config(**raw)).results[0].alternatives[0].transcript,
                "stream": streamed(service, [pcm[i : i + 3201] for i in range(0, len(pcm), 3201)], config(**raw)),
                "file": streamed(service, [data[i : i + 1000] for i in range(0, len(data), 1000)], config()),
                "models": [[m.model_name, m.parameters["type"]] for m in listed.model_config],
            }
        )
    )


main(*sys.argv[1:])
