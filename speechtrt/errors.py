"""Everything that can go wrong for a user, as one small family of exceptions.

A message says what was found, what was expected and what to do, in one line.
"""


class SpeechTRTError(Exception):
    """Base of all errors a user can cause or mend; the command line prints it as one line and exits with 1."""


class CheckpointError(SpeechTRTError):
    """A checkpoint is missing, unreadable, or of a model class that no family knows."""


class ManifestError(SpeechTRTError):
    """A bundle or engine set describes itself wrongly, or in a newer schema than this version reads."""


class IntegrityError(SpeechTRTError):
    """A file is missing or does not have the sha256 that its manifest names."""


class StorageError(SpeechTRTError):
    """A file or folder cannot be written: the disk is full, or it may not be changed."""


class ParityError(SpeechTRTError):
    """An exported stage differs from PyTorch by more than its tolerance."""


class BuildError(SpeechTRTError):
    """A backend could not build an engine from a stage."""


class PrecisionError(BuildError):
    """An engine does not compute in the precision that its policy names: whatever asked for it had no effect."""


class BackendError(SpeechTRTError):
    """A backend is not available on this machine, or cannot run this engine."""


class AudioError(SpeechTRTError):
    """An audio file or buffer cannot be read or written."""


class TextError(SpeechTRTError):
    """A text is empty, too long, or has nothing that the model can speak."""


class CapacityError(SpeechTRTError):
    """A queue or every place is full, or the service is shutting down; the same may succeed later or elsewhere."""


class DeadlineError(SpeechTRTError):
    """A request was not finished by its deadline."""


class CancelledError(SpeechTRTError):
    """A request was given up before it was finished."""


class DataError(SpeechTRTError):
    """Training or evaluation data is missing, malformed, or needs a program that is not installed."""


class BenchmarkError(SpeechTRTError):
    """A benchmark found nothing to measure, or its measured process died."""


class ConfigError(SpeechTRTError):
    """A setting of the server is unknown or has a value that it cannot have."""


class DeployError(SpeechTRTError):
    """Engine sets cannot be deployed as asked: a name, a target or a metric does not fit."""


class RequestError(SpeechTRTError):
    """A client asked a server for something that it does not give."""
