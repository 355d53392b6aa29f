"""Whole recordings to text in Triton's Python backend."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import msgspec

from speechtrt.audio import Audio
from speechtrt.deploy.triton.backend.arguments import Arguments
from speechtrt.deploy.triton.backend.wire import array, failure, first, response, strings
from speechtrt.deploy.triton.interface import Parameter, Tensor
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.asr.offline import OfflineTranscriber
from speechtrt.runtime.asr.transcript import Transcript


class Recordings:
    """Hears the recordings of all requests together; when they fail together, those of each request alone."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the engines."""
        told = Arguments.of(args)
        self._transcriber = OfflineTranscriber.open(told.folder.path, batch=told.number(Parameter.BATCH))

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answers in the order of the requests."""
        asked = [self._audios(request) for request in requests]
        try:
            heard = iter(self._transcriber.transcribe_many(list(chain.from_iterable(asked))))
            return [reply(list(islice(heard, len(audios)))) for audios in asked]
        except SpeechTRTError:
            return [self._alone(audios) for audios in asked]

    def finalize(self) -> None:
        """Free the engines."""
        self._transcriber.close()

    def _audios(self, request: Any) -> list[Audio]:
        """The rows of a request."""
        rate = first(request, Tensor.SAMPLE_RATE) or self._transcriber.model.audio.sample_rate
        return [Audio(row, rate) for row in array(request, Tensor.AUDIO)]

    def _alone(self, audios: list[Audio]) -> Any:
        try:
            return reply(self._transcriber.transcribe_many(audios))
        except SpeechTRTError as error:
            return failure(error)


def reply(transcripts: Sequence[Transcript]) -> Any:
    """What was said in the rows of a request, for Triton."""
    texts = [transcript.text for transcript in transcripts]
    words = [msgspec.json.encode(transcript.words) for transcript in transcripts]
    return response({Tensor.TEXT: strings(texts), Tensor.WORDS: strings(words)})
