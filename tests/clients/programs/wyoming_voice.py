"""wyoming's client asks, speaks and listens. Usage: PORT RAW TEXT VOICE SEED   (RAW: 16-bit samples at 24 kHz)"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from wyoming.asr import Transcribe, Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

RATE = 24_000


async def until(client: AsyncClient, kind: str) -> list[Event]:
    events = [await client.read_event()]
    while events[-1] is not None and events[-1].type not in (kind, "error"):
        events.append(await client.read_event())
    return [event for event in events if event is not None]


async def main(port: str, path: str, text: str, voice: str, seed: str) -> dict[str, Any]:
    pcm = Path(path).read_bytes()
    async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}", read_timeout=30) as client:
        await client.write_event(Describe().event())
        info = Info.from_event((await until(client, "info"))[-1])
        await client.write_event(Transcribe(name="ctc-medium", language="en").event())
        await client.write_event(AudioStart(RATE, 2, 1).event())
        for start in range(0, len(pcm), 2400):
            await client.write_event(AudioChunk(RATE, 2, 1, pcm[start : start + 2400]).event())
        await client.write_event(AudioStop().event())
        words = await until(client, "transcript-stop")
        asked = Synthesize(text, voice=SynthesizeVoice(name=voice), context={"seed": int(seed)})
        await client.write_event(asked.event())
        sound = await until(client, "audio-stop")
    chunks = [AudioChunk.from_event(e).audio for e in sound if AudioChunk.is_type(e.type)]
    return {
        "models": [model.name for program in info.asr for model in program.models],
        "voices": [voice.name for program in info.tts for voice in program.voices],
        "deltas": [TranscriptChunk.from_event(e).text for e in words if TranscriptChunk.is_type(e.type)],
        "text": next(Transcript.from_event(e).text for e in words if Transcript.is_type(e.type)),
        "rate": AudioStart.from_event(sound[0]).rate,
        "sound": base64.b64encode(b"".join(chunks)).decode(),
        "pieces": len(chunks),
    }


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
