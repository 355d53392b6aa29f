"""Speech to text: recordings and live streams, many at a time, from any thread."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Condition

from speechtrt.audio import Audio
from speechtrt.bundle import Bundle, Task
from speechtrt.closing import Closing
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError, CapacityError, SpeechTRTError
from speechtrt.runtime.asr.alignment import FrameCollector, align
from speechtrt.runtime.asr.async_stream import AsyncStream
from speechtrt.runtime.asr.channel import Channel
from speechtrt.runtime.asr.decoding.base import DecodingChoice, Labels
from speechtrt.runtime.asr.decoding.decoders import Decoders
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions
from speechtrt.runtime.asr.encoder import label_texts
from speechtrt.runtime.asr.endpoint import Endpointer
from speechtrt.runtime.asr.intake import Intake
from speechtrt.runtime.asr.lane import Lane
from speechtrt.runtime.asr.lanes import Lanes, Plan, known_chunks
from speechtrt.runtime.asr.options import LIVE, RECORDING, StreamOptions
from speechtrt.runtime.asr.outbox import Outbox
from speechtrt.runtime.asr.places import Places
from speechtrt.runtime.asr.recording import Recording
from speechtrt.runtime.asr.relief import Relief
from speechtrt.runtime.asr.session import Session
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcript import Transcript, Transcription, Word
from speechtrt.runtime.asr.vad import Voice
from speechtrt.runtime.asr.windows import WindowCutter
from speechtrt.runtime.backends.base import Backend
from speechtrt.runtime.backends.selection import open_backend, usable_cores
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.policy.guard import Guard, GuardPolicy
from speechtrt.runtime.policy.guarded_backend import GuardedBackend
from speechtrt.runtime.policy.lasting import lasting_guard, refuse_suspended
from speechtrt.runtime.policy.overload import Ladder, LadderRules, Rung

SLOTS, BATCH = 64, 32
WAIT_SECONDS = 0.060


@dataclass(slots=True)
class Transcriber(Closing):
    """Hears recordings and live streams, many at a time. Every method may be called from any thread.

    `smaller` is a transcriber over a smaller model, to which new streams go while the overload ladder says so.
    """

    model: Bundle
    engine: str
    labels: Labels
    places: Places
    clock: StageClock
    relief: Relief
    plan: Plan
    decoders: Decoders
    _lanes: Lanes
    guard: Guard | None = None
    smaller: "Transcriber | None" = None

    @classmethod
    def open(
        cls,
        engines: Path,
        chunks: Sequence[int] | None = None,
        slots: int = SLOTS,
        batch: int = BATCH,
        workers: int | None = None,
        threads: int = 1,
        decoding: DecodingChoice = GREEDY,
        rules: LadderRules | None = None,
        wait_seconds: float = WAIT_SECONDS,
        reference: Path | None = None,
        guard: GuardPolicy | None = None,
    ) -> "Transcriber":
        """Open an engine set of a CTC model for up to `slots` streams of these chunk sizes (milliseconds; None is all).

        `workers` threads hear up to `batch` streams at a time each; None is one for every core, which serves small
        steps better than `threads` inside each. `wait_seconds` is how long a busy worker lets a batch fill.
        `decoding` is that of streams that choose none. With a `reference` engine set a guard re-runs a share of the
        batches in it, and all of them once the engines err. Raises ManifestError, IntegrityError or BackendError (also
        for engines that a guard has suspended when there is no reference), DataError for a language model and TextError
        for hot words.
        """
        folder = EngineFolder.open(engines)
        model = folder.manifest.model
        if model.task is not Task.CTC:
            raise BackendError(f"{engines}: holds a {model.task} model; expected a {Task.CTC} model")
        from speechtrt.runtime.pieces import read_pieces

        pieces = read_pieces(folder.file(model.text.tokenizer))
        workers = max(1, usable_cores() // threads) if workers is None else workers
        plan = Plan(tuple(chunks or known_chunks(model)), slots, min(batch, slots), min(workers, slots), wait_seconds)
        backend = open_backend(folder, threads)
        if reference is None:
            refuse_suspended(engines)
            return cls.over(model, backend, pieces, plan, decoding, rules)
        watch = lasting_guard(engines, guard or GuardPolicy())
        guarded = GuardedBackend(backend, open_backend(folder.counterpart(reference), threads), watch)
        found = cls.over(model, guarded, pieces, plan, decoding, rules)
        found.guard = watch
        return found

    @classmethod
    def over(
        cls,
        model: Bundle,
        backend: Backend,
        pieces: Sequence[str],
        plan: Plan,
        decoding: DecodingChoice = GREEDY,
        rules: LadderRules | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> "Transcriber":
        """A transcriber over an opened backend; `pieces` are the labels' texts without the blank."""
        assert model.ctc is not None
        if plan.slots < 1 or plan.workers < 1:
            raise BackendError(f"{plan.slots} slots and {plan.workers} workers were asked for; expected at least 1")
        places, clock = Places(plan.slots, plan.workers), StageClock(now)
        relief = Relief(Ladder(now, rules or LadderRules()), places)
        lanes = Lanes.open(model, backend, plan, clock, relief.observe, places.give_back)
        relief.lanes = lanes.lanes
        count = next(iter(lanes.lanes[0].banks.values())).encoder.labels
        labels = Labels(label_texts(pieces, count, model.ctc.blank), model.ctc.blank)
        try:
            decoders = Decoders.open(labels, decoding)
        except SpeechTRTError:
            lanes.close()
            raise
        return cls(model, backend.name, labels, places, clock, relief, plan, decoders, lanes)

    @property
    def decoding(self) -> DecodingOptions:
        """That of streams that choose none; greedy if it is a decoder of the caller's own."""
        return self.decoders.options

    def stream(self, options: StreamOptions = LIVE, timeout: float | None = 0.0) -> Stream:
        """A live stream.

        Raises CapacityError when every place is still taken after `timeout` seconds, BackendError for an unknown chunk
        or a closed transcriber, and DataError or TextError for decoding options that cannot be met.
        """
        rung = self.relief.look() if options.live else Rung.NORMAL
        if rung >= Rung.SMALLER_MODEL and self.smaller:
            return self.smaller.stream(options, timeout)
        milliseconds, chunks = options.chunk_milliseconds, self.plan.chunks
        if milliseconds is None or (rung >= Rung.LARGER_CHUNK and milliseconds in chunks):
            milliseconds = max(chunks)
        if milliseconds not in chunks:
            known = ", ".join(map(str, sorted(chunks)))
            raise BackendError(f"no chunk of {milliseconds} ms is open; expected one of {known}")
        number = self.places.take(timeout, options.admitted)
        try:
            lane = self._lanes.lanes[number]
            channel = self._channel(options, lane, milliseconds)
            lane.add(milliseconds, channel)
        except BaseException:
            self.places.give_back(number)
            raise
        return Stream(lane, channel, Intake(self.model.audio.sample_rate, options.encoding))

    def stream_async(self, options: StreamOptions = LIVE) -> AsyncStream:
        """As `stream`, for the running event loop; it needs no thread."""
        return AsyncStream.over(self.stream(options))

    def transcribe(self, audio: Audio, options: StreamOptions = RECORDING) -> Transcript:
        """What is said in one recording of any rate. Raises AudioError, BackendError or CapacityError."""
        return self.transcribe_many([audio], options)[0]

    def align(self, audio: Audio, transcript: str) -> tuple[Word, ...]:
        """Where each word of a known `transcript` is in a recording of any rate.

        Raises TextError for a text that cannot have been said there; AudioError, BackendError or CapacityError.
        """
        assert self.model.ctc is not None
        heard = FrameCollector(self.labels)
        seconds = self.transcribe(audio, replace(RECORDING, decoding=lambda _: heard)).duration_seconds
        return align(heard.log_probs, transcript, self.labels, self.model.ctc.frame_seconds, seconds)

    async def transcribe_async(self, audio: Audio, options: StreamOptions = RECORDING) -> Transcript:
        """As `transcribe`, in a thread of the event loop's pool."""
        return await asyncio.to_thread(self.transcribe, audio, options)

    def transcribe_many(self, audios: Sequence[Audio], options: StreamOptions = RECORDING) -> list[Transcript]:
        """What is said in each recording, in their order. Raises AudioError, BackendError or CapacityError."""
        done = sorted(self.completions(audios, options), key=lambda t: t.index)
        return [transcription.transcript for transcription in done]

    def completions(self, audios: Iterable[Audio], options: StreamOptions = RECORDING) -> Iterator[Transcription]:
        """Each recording's transcript as soon as it is finished; the next is asked for when a place is free.

        Recordings take the places that live streams leave; CapacityError when they leave none. Raises AudioError or
        BackendError for all when one recording fails.
        """
        start, news = self.clock.now(), SimpleQueue[int]()
        coming, here = enumerate(audios), dict[int, Recording]()
        try:
            while self._let_in(coming, here, options, news):
                index = news.get()
                if index in here and here[index].stream.over:
                    yield Transcription(index, here.pop(index).transcript(), self.clock.now() - start)
        finally:
            for recording in here.values():
                recording.stream.close()

    def close(self) -> None:
        """Stop hearing and free the engine; streams that are open get an error. It may be closed twice."""
        self._lanes.close()

    def _channel(self, options: StreamOptions, lane: Lane, milliseconds: int) -> Channel:
        assert self.model.ctc is not None
        audio, seconds, outbox = self.model.audio, self.model.ctc.frame_seconds, Outbox()
        decoder = self.decoders.decoder(options.decoding)
        endpointer = Endpointer(options.endpointing, seconds)
        cutter = WindowCutter(lane.banks[milliseconds].chunk, audio.hop, audio.sample_rate)
        voice = Voice(options.detector(), cutter.frame) if options.detector else None
        session = Session(self.labels, seconds, decoder, endpointer, outbox.put, options.partials, voice)
        return Channel(session, cutter, outbox, Condition(lane.lock), options.buffer_seconds)

    def _let_in(
        self,
        coming: Iterator[tuple[int, Audio]],
        here: dict[int, Recording],
        options: StreamOptions,
        news: SimpleQueue[int],
    ) -> bool:
        """Start recordings while there are places; whether any is `here`. CapacityError when there is no place."""
        while True:
            try:
                stream = self.stream(options)
            except CapacityError:
                if here:
                    return True
                raise
            found = next(coming, None)
            if found is None:
                stream.close()
                return bool(here)
            index, audio = found
            here[index] = Recording(stream)
            stream.channel.outbox.notify = lambda index=index: news.put(index)
            stream.accept(audio.samples, audio.rate)
            stream.end()
