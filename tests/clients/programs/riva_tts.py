"""nvidia-riva-client speaks. Usage: ADDRESS TEXT VOICE SEED RATE"""

import base64
import json
import sys

import riva.client


def main(address: str, text: str, voice: str, seed: str, rate: str) -> None:
    service = riva.client.SpeechSynthesisService(riva.client.Auth(uri=address))
    settings = {"voice_name": voice, "language_code": "en-US", "sample_rate_hz": int(rate)}
    extra = {"custom_configuration": {"seed": seed}} if seed != "0" else {}
    whole = service.synthesize(text, **settings, **extra).audio
    pieces = [r.audio for r in service.synthesize_online(text, **settings, **extra)]
    listed = service.stub.GetRivaSynthesisConfig(riva.client.proto.riva_tts_pb2.RivaSynthesisConfigRequest())
    voices = [[m.model_name, m.parameters["subvoices"]] for m in listed.model_config]
    audio = [base64.b64encode(data).decode() for data in (whole, b"".join(pieces))]
    print(json.dumps({"whole": audio[0], "online": audio[1], "pieces": len(pieces), "voices": voices}))


main(*sys.argv[1:])
