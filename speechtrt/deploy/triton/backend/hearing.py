"""Live streams in Triton's Python backend: a sequence of requests is a stream."""

from typing import Any

from speechtrt.deploy.triton.backend.arguments import Arguments
from speechtrt.deploy.triton.backend.figures import Figure, Figures, Reading
from speechtrt.deploy.triton.backend.sequences import Answer, Piece, Sequences
from speechtrt.deploy.triton.backend.wire import array, failure, first, response, strings
from speechtrt.deploy.triton.interface import Control, Parameter, Tensor
from speechtrt.runtime.asr.transcriber import Transcriber


class Hearing:
    """One instance: a transcriber with one worker, whose slots are Triton's candidate sequences."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the engines, and hear a little."""
        told = Arguments.of(args)
        self._batch = told.number(Parameter.BATCH)
        self._transcriber = Transcriber.open(
            told.folder.path,
            chunks=[told.number(Parameter.CHUNK)],
            slots=told.number(Parameter.STREAMS),
            batch=self._batch,
            workers=1,
            wait_seconds=0.0,  # nobody comes while requests are worked on
        )
        self._sequences = Sequences(self._transcriber, told.number(Parameter.IDLE))
        self._figures = Figures.start(told, self._read)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Hear one piece of each of several sequences."""
        answers = self._sequences.hear([piece(request) for request in requests])
        return [reply(answer) if isinstance(answer, Answer) else failure(answer) for answer in answers]

    def finalize(self) -> None:
        """Free the engines."""
        self._figures.close()
        self._sequences.close()
        self._transcriber.close()

    def _read(self) -> Reading:
        steps, places = self._transcriber.clock.time("encoder"), self._transcriber.places
        return {
            Figure.CAPACITY: places.capacity,
            Figure.ACTIVE: places.taken,
            Figure.BATCHES: steps.calls,
            Figure.ROWS: steps.rows,
            Figure.SLOTS: steps.calls * self._batch,
            Figure.AUDIO: self._sequences.heard_seconds,
        }


def piece(request: Any) -> Piece:
    """A request as a piece of its sequence."""
    return Piece(
        sequence=first(request, Control.CORRID),
        start=bool(first(request, Control.START)),
        end=bool(first(request, Control.END)),
        samples=array(request, Tensor.AUDIO).reshape(-1),
        rate=first(request, Tensor.SAMPLE_RATE),
    )


def reply(answer: Answer) -> Any:
    """What was heard, for Triton."""
    return response({Tensor.TEXT: strings([answer.text]), Tensor.EVENTS: strings([answer.document])})
