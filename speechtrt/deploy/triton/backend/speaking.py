"""Text to speech in Triton's Python backend: every request is answered chunk by chunk, all share one batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import triton_python_backend_utils as backend  # inside of Triton only

from speechtrt.deploy.triton.backend.arguments import Arguments
from speechtrt.deploy.triton.backend.figures import Figure, Figures, Reading
from speechtrt.deploy.triton.backend.wire import failure, first, response
from speechtrt.deploy.triton.interface import Parameter, Tensor
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.tts.speech import INTERACTIVE, SpeechRequest
from speechtrt.runtime.tts.stream import SpeechStream
from speechtrt.runtime.tts.synthesizer import Synthesizer


class Speaking:
    """The one instance: a synthesizer, whose decoder keeps its slots from request to request."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the engines."""
        told = Arguments.of(args)
        sentences, queue = told.number(Parameter.SENTENCES), told.number(Parameter.QUEUE)
        self._synthesizer = Synthesizer.open(told.folder.path, slots=sentences, queue=queue)
        self._senders = ThreadPoolExecutor(sentences + queue, "sender")
        self._spoken_seconds = 0.0
        self._figures = Figures.start(told, self._read)

    def execute(self, requests: list[Any]) -> None:
        """Let every request into the batch and return; its sound follows."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                stream = self._synthesizer.start(asked(request))
            except SpeechTRTError as error:
                sender.send(failure(error), flags=backend.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                continue
            self._senders.submit(self._send, stream, sender)

    def finalize(self) -> None:
        """Finish what is in work, and free the engines."""
        self._synthesizer.drain()
        self._senders.shutdown()
        self._figures.close()
        self._synthesizer.close()

    def _send(self, stream: SpeechStream, sender: Any) -> None:
        try:
            with stream:
                for answer in self._answers(stream):
                    if sender.is_cancelled():
                        break
                    sender.send(answer)
        except SpeechTRTError as error:
            sender.send(failure(error))
        finally:
            sender.send(flags=backend.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _answers(self, stream: SpeechStream) -> Iterator[Any]:
        rate = np.array([stream.rate], np.int32)
        for chunk in stream:
            self._spoken_seconds += len(chunk.samples) / stream.rate
            yield response({Tensor.AUDIO: chunk.samples, Tensor.SAMPLE_RATE: rate})

    def _read(self) -> Reading:
        steps, slots = self._synthesizer.clock.time("decoder"), self._synthesizer.slots
        return {
            Figure.CAPACITY: slots,
            Figure.ACTIVE: min(self._synthesizer.requests, slots),
            Figure.QUEUE: max(0, self._synthesizer.requests - slots),
            Figure.BATCHES: steps.calls,
            Figure.ROWS: steps.rows,
            Figure.SLOTS: steps.calls * slots,
            Figure.AUDIO: self._spoken_seconds,
        }


def asked(request: Any) -> SpeechRequest:
    """A request of Triton as one of the synthesizer."""
    return SpeechRequest(
        text=first(request, Tensor.TEXT),
        voice=first(request, Tensor.VOICE),
        seed=first(request, Tensor.SEED) or 0,
        plan=INTERACTIVE,
        language=first(request, Tensor.LANGUAGE),
    )
