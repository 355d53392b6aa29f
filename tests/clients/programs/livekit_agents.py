"""LiveKit's openai plugin hears and speaks. Usage: URL RAW TEXT VOICE   (RAW: 16-bit samples at 24 kHz)"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

RATE = 24_000
FRAME = RATE // 50  # 20 ms
PATIENCE = 30


def frames(pcm: bytes) -> list[rtc.AudioFrame]:
    """Frames as a room gives them; the last one is filled with silence."""
    size = 2 * FRAME
    pieces = [pcm[start : start + size].ljust(size, b"\0") for start in range(0, len(pcm), size)]
    return [rtc.AudioFrame(piece, RATE, 1, FRAME) for piece in pieces]


async def live(ears: openai.STT, pcm: bytes) -> dict[str, Any]:
    """A turn that the server finds."""
    stream, kinds, finals, interims = ears.stream(), [], [], []
    for frame in frames(pcm + bytes(2 * RATE)):
        stream.push_frame(frame)
        await asyncio.sleep(0.002)
    async for event in stream:
        kinds.append(event.type.value)
        if event.type is stt.SpeechEventType.INTERIM_TRANSCRIPT:
            interims.append(event.alternatives[0].text)
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            finals.append(event.alternatives[0].text)
            break
    await stream.aclose()
    return {"kinds": kinds, "finals": finals, "interims": interims}


async def main(url: str, path: str, text: str, voice: str) -> dict[str, Any]:
    pcm = Path(path).read_bytes()
    settings = {"base_url": f"{url}/v1", "api_key": "anything"}
    async with utils.http_context.open(), asyncio.timeout(PATIENCE):
        found = await live(openai.STT(model="ctc-medium", use_realtime=True, **settings), pcm)
        whole = await openai.STT(model="ctc-medium", **settings).recognize(frames(pcm))
        mouth = openai.TTS(model="voice", voice=voice, response_format="pcm", **settings)
        sound = [audio.frame.data.tobytes() async for audio in mouth.synthesize(text)]
        await mouth.aclose()
    return {**found, "whole": whole.alternatives[0].text, "sound": base64.b64encode(b"".join(sound)).decode()}


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
