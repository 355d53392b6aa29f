"""openai's SDK in a live session. Usage: URL RAW RATE vad|commit   (RAW: 16-bit samples at RATE)"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

VAD = {"type": "server_vad", "silence_duration_ms": 300}


async def run(url: str, path: str, rate: str, mode: str) -> list[dict[str, Any]]:
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="anything")
    pcm, step = Path(path).read_bytes(), int(rate) // 5 * 2
    async with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        sound = {
            "format": {"type": "audio/pcm", "rate": int(rate)},
            "transcription": {"model": "ctc-medium"},
            "turn_detection": VAD if mode == "vad" else None,
        }
        await connection.session.update(session={"type": "transcription", "audio": {"input": sound}})
        for start in range(0, len(pcm), step):
            audio = base64.b64encode(pcm[start : start + step]).decode()
            await connection.input_audio_buffer.append(audio=audio)
        if mode == "commit":
            await connection.input_audio_buffer.commit()
        events = []
        async for event in connection:
            events.append({"class": type(event).__name__, **event.to_dict()})
            if event.type.endswith("transcription.completed"):
                break
        await connection.input_audio_buffer.commit()
        events.append({"class": type(await connection.recv()).__name__, "type": "after"})
        return events


print(json.dumps(asyncio.run(run(*sys.argv[1:]))))
