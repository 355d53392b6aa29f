"""Pipecat's realtime transcription inside a pipeline. Usage: URL RAW local|server   (RAW: 16-bit samples at 24 kHz)

local: the pipeline finds the turn and commits it. server: the server finds it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.tests.utils import SleepFrame, run_test

RATE = 24_000
FRAME = RATE // 50 * 2  # 20 ms, in bytes
SERVER_VAD = {"type": "server_vad", "silence_duration_ms": 300}
OVER_SECONDS = 2.0  # until the last words are there


def spoken(pcm: bytes, mode: str) -> list[Frame]:
    """What a microphone and, locally, a voice detector give."""
    sound = pcm if mode == "local" else pcm + bytes(2 * RATE)
    pieces = [sound[start : start + FRAME] for start in range(0, len(sound), FRAME)]
    heard: list[Frame] = [InputAudioRawFrame(piece, RATE, 1) for piece in pieces]
    if mode == "local":
        heard = [VADUserStartedSpeakingFrame(), *heard, SleepFrame(0.5), VADUserStoppedSpeakingFrame()]
    return [SleepFrame(1.0), *heard, SleepFrame(OVER_SECONDS)]


async def main(url: str, path: str, mode: str) -> dict[str, Any]:
    service = OpenAIRealtimeSTTService(
        api_key="anything",
        base_url=f"{url.replace('http', 'ws', 1)}/v1/realtime",
        turn_detection=SERVER_VAD if mode == "server" else False,
        settings=OpenAIRealtimeSTTService.Settings(model="ctc-medium"),
    )
    frames, _ = await run_test(
        service,
        frames_to_send=spoken(Path(path).read_bytes(), mode),
        pipeline_params=PipelineParams(audio_in_sample_rate=RATE),
    )
    return {
        "interims": [frame.text for frame in frames if isinstance(frame, InterimTranscriptionFrame)],
        "finals": [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)],
    }


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
