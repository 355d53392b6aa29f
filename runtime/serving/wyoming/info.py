"""What a server tells a client that asks what it can do."""

from wyoming.info import AsrModel, AsrProgram, Attribution, Info, TtsProgram, TtsVoice

from speechtrt import __version__
from speechtrt.runtime.serving.core.catalogue import Catalogue

NAME = "speechtrt"
BY = Attribution(NAME, "")


def describe(catalogue: Catalogue) -> Info:
    """Every model and voice."""
    models = [
        AsrModel(
            name=hearer.card.name,
            attribution=BY,
            installed=True,
            description=f"{hearer.card.name} on {hearer.card.engine}",
            version=hearer.card.version,
            languages=list(hearer.card.languages),
        )
        for hearer in catalogue.hearers.values()
    ]
    voices = [
        TtsVoice(
            name=f"{speaker.card.name}.{voice}",
            attribution=BY,
            installed=True,
            description=f"{voice} by {speaker.card.name} on {speaker.card.engine}",
            version=speaker.card.version,
            languages=list(speaker.card.languages),
        )
        for speaker in catalogue.speakers.values()
        for voice in speaker.voices
    ]
    hearing = AsrProgram(
        name=NAME,
        attribution=BY,
        installed=True,
        description="Speech to text",
        version=__version__,
        models=models,
        supports_transcript_streaming=True,
        prefers_auto_gain_enabled=False,
        prefers_noise_reduction_enabled=False,
    )
    speaking = TtsProgram(
        name=NAME,
        attribution=BY,
        installed=True,
        description="Text to speech",
        version=__version__,
        voices=voices,
        supports_synthesize_streaming=True,
    )
    return Info(asr=[hearing] if models else [], tts=[speaking] if voices else [])
