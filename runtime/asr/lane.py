"""A lane: one thread, the encoders it alone uses, and the streams that share them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition, RLock

from speechtrt.audio import Samples
from speechtrt.errors import BackendError, CapacityError, SpeechTRTError
from speechtrt.runtime.asr.bank import Bank
from speechtrt.runtime.asr.channel import Channel, StreamState
from speechtrt.runtime.asr.decoding.base import Frames
from speechtrt.runtime.asr.events import Event
from speechtrt.runtime.asr.patience import Patience
from speechtrt.runtime.clock import StageClock

# What a lane tells of a batch: the seconds that each of its chunks took since it was complete.
Observer = Callable[[Sequence[float]], None]


def _nobody(*_news: Sequence[float]) -> None:
    """Whoever does not care."""


@dataclass(slots=True, eq=False)
class Lane:
    """Banks by chunk milliseconds. Any thread may add, push, end and close; one thread runs `run`, or calls `step`.

    `left` is called once for every stream that was added, when its place is free.
    `keep` seconds of a live stream at most survive a push while audio is dropped; None drops nothing. `narrow` makes
    decoders do less work.
    """

    banks: Mapping[int, Bank]
    patience: Patience
    clock: StageClock = field(default_factory=StageClock)
    observe: Observer = _nobody
    left: Callable[[], None] = _nobody
    keep: float | None = None
    narrow: bool = False
    lock: RLock = field(default_factory=RLock)
    changed: Condition = field(init=False)
    _members: dict[Channel, Bank] = field(default_factory=dict)
    _gone: list[Channel] = field(default_factory=list)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.changed = Condition(self.lock)

    @property
    def streams(self) -> int:
        """How many streams are open or still being heard."""
        return len(self._members)

    @property
    def waiting(self) -> int:
        """How many chunks of live streams wait."""
        return sum(len(bank.live) for bank in self.banks.values())

    @property
    def batches_waiting(self) -> float:
        """How many full batches they would make."""
        return self.waiting / self.patience.batch

    def add(self, chunk_milliseconds: int, channel: Channel) -> None:
        """A new stream. Raises BackendError when the lane has stopped."""
        with self.lock:
            if self._stopping:
                raise BackendError("the transcriber is closed; open another")
            bank = self._members[channel] = self.banks[chunk_milliseconds]
            bank.streams += 1

    def wait_for_room(self, channel: Channel, timeout: float | None) -> None:
        """Return when the stream is not full, or takes nothing any more. CapacityError after `timeout` seconds."""
        with self.lock:
            if not channel.room.wait_for(lambda: not (channel.full and channel.open), timeout):
                raise CapacityError(
                    f"{channel.cutter.seconds:.1f} s of the stream's audio wait already; send no faster than it is "
                    "heard, or wait longer"
                )

    def wait_until_heard(self, channel: Channel, timeout: float | None) -> bool:
        """Return when all that came in has been heard, as far as it makes whole chunks; False after the timeout."""
        with self.lock:
            return channel.room.wait_for(lambda: channel.heard, timeout)

    def push(self, channel: Channel, samples: Samples) -> None:
        """Append samples [n] at the model's rate. Raises AudioError when the stream has ended."""
        with self.lock:
            channel.expect_open()
            channel.cutter.push(samples)
            if self.keep is not None and channel.live:
                channel.drop(self.keep)
            self._queue(channel)

    def end(self, channel: Channel, samples: Samples, seconds: float) -> None:
        """The last samples of a stream of `seconds`. Raises AudioError when it has ended before."""
        with self.lock:
            channel.expect_open()
            channel.cutter.push(samples)
            channel.cutter.end()
            channel.state, channel.seconds = StreamState.ENDED, seconds
            self._queue(channel)

    def close(self, channel: Channel, error: SpeechTRTError | None = None) -> None:
        """Give a stream up; its row is free at the next step. It may be closed twice."""
        with self.lock:
            if channel.state is not StreamState.CLOSED:
                channel.state = StreamState.CLOSED
                channel.room.notify_all()
                self._leave(channel)
                self.left()
        channel.outbox.close(error)

    def announce(self, event: Event) -> None:
        """Tell every stream."""
        with self.lock:
            for channel in self._members:
                channel.outbox.put(event)

    def run(self) -> None:
        """Work until `stop`; streams that are open then get an error."""
        error: SpeechTRTError = BackendError("the transcriber was closed while the stream was open; open another")
        try:
            while self._wait():
                self.step()
        except Exception as unforeseen:
            self.stop()
            error = failure(unforeseen)
            raise
        finally:
            for channel in tuple(self._members):
                self.close(channel, error)

    def stop(self) -> None:
        """Let `run` return after the batch it is at."""
        with self.lock:
            self._stopping = True
            self.changed.notify_all()

    def step(self) -> int:
        """Hear one batch if anything waits, and let go of who has finished; how many chunks were heard."""
        with self.lock:
            self._sweep()
            bank = min(self.banks.values(), key=lambda b: b.oldest)
            batch = bank.next(self.patience.batch)
            for channel in batch:
                channel.at_work = True
        if batch:
            start = self.clock.now()
            self._work(bank, batch)
            self.patience.worked(start, self.clock.now())
        return len(batch)

    def _work(self, bank: Bank, batch: Sequence[Channel]) -> None:
        try:
            rows, frames = self._encode(bank, batch)
        except Exception as error:
            for channel in batch:
                self.close(channel, failure(error))
            return
        with self.clock.measure("decoding", len(rows)):
            for channel, heard in zip(rows.values(), frames, strict=True):
                self._decode(channel, heard)
        done = self.clock.now()
        if latencies := [done - channel.since for channel in batch if channel.live]:
            self.observe(latencies)
        with self.lock:
            self._return(batch)

    def _encode(self, bank: Bank, batch: Sequence[Channel]) -> tuple[dict[int, Channel], list[Frames]]:
        with self.clock.measure("batching", len(batch)):
            rows = bank.place(batch)
            with self.lock:
                bank.load(rows)
        with self.clock.measure("encoder", len(rows)):
            return rows, bank.hear(rows)

    def _decode(self, channel: Channel, frames: Frames) -> None:
        """What a decoder makes of one stream cannot harm the others."""
        try:
            channel.hear(frames, self.narrow)
        except Exception as error:
            self.close(channel, failure(error))

    def _return(self, batch: Iterable[Channel]) -> None:
        """Who has another chunk waits for another turn."""
        for channel in batch:
            channel.at_work = False
            if channel.outbox.closed:
                self.close(channel)
            self._queue(channel)
            if channel.heard:
                channel.room.notify_all()

    def _sweep(self) -> None:
        """Say the last words of streams that have ended, and free rows."""
        for channel in self._gone:
            if bank := self._members.pop(channel, None):
                if channel.state is StreamState.ENDED:
                    channel.state = StreamState.CLOSED
                    self.left()
                    _finish(channel)
                bank.streams -= 1
                bank.release(channel)
        self._gone.clear()

    def _queue(self, channel: Channel) -> None:
        """Wake the thread only for what may change its plans: a first chunk, a full batch, or a stream's end."""
        bank = self._members.get(channel)
        queued = bank is not None and bank.queue(channel, self.clock.now())
        if bank and queued and bank.waiting in (1, self.patience.batch, bank.streams):
            self.changed.notify()
        if channel.finished:
            self._leave(channel)

    def _leave(self, channel: Channel) -> None:
        self._gone.append(channel)
        self.changed.notify()

    def _wait(self) -> bool:
        """Sleep until there is work; False when there will be none."""
        with self.lock:
            while not self._stopping:
                delay = self._delay()
                if delay == 0:
                    return True
                self.changed.wait(delay)
            return False

    def _delay(self) -> float | None:
        """Seconds until the next batch is due; None when nothing waits."""
        if self._gone:
            return 0.0
        now = self.clock.now()
        banks, delay = [bank for bank in self.banks.values() if bank.waiting], self.patience.delay
        return min((delay(bank.waiting, bank.streams, bank.oldest, now) for bank in banks), default=None)


def _finish(channel: Channel) -> None:
    try:
        channel.session.finish(channel.seconds)
    except Exception as error:
        channel.outbox.close(failure(error))
    channel.outbox.close()


def failure(error: Exception) -> SpeechTRTError:
    """What a stream is told of an error that ended it."""
    if isinstance(error, SpeechTRTError):
        return error
    return BackendError(f"recognition failed with {error!r}, which nobody foresaw; open the stream again")
