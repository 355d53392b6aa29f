"""The sizes an engine is built for: smallest, usual and largest of every named dimension."""

from speechtrt.bundle import Bundle
from speechtrt.engine_set import Profile
from speechtrt.specs import StageSpec

MOST_ROWS = 32
USUAL_ROWS = 8
FIRST_BUCKET = 128  # steps; a runtime's caches begin with as many and double
MOST_STEPS = 1024  # of a frozen cache: 2048 frames, over half a minute at 16 ms each
MOST_FRAMES = 1024  # of a postnet or vocoder chunk, its context included
CACHE_DIM = "max_len"
RECORDING_DIM = "time"  # samples
USUAL_SECONDS = 8


def cache_buckets(bundle: Bundle) -> tuple[int, ...]:
    """Decoder steps that frozen caches hold: doubling until the longest output fits, up to MOST_STEPS."""
    reduction = bundle.tts.reduction if bundle.tts is not None else 1
    steps = min(-(-bundle.limits.max_frames // reduction), MOST_STEPS)
    sizes = [FIRST_BUCKET]
    while sizes[-1] < steps:
        sizes.append(2 * sizes[-1])
    return tuple(sizes)


def cache_bucket(bundle: Bundle) -> int:
    """The largest of them."""
    return cache_buckets(bundle)[-1]


def stage_profiles(bundle: Bundle, stage: StageSpec) -> tuple[Profile, ...]:
    """One profile for each named dimension of the stage's inputs."""
    names = {dim for tensor in stage.inputs for dim in tensor.shape if isinstance(dim, str)}
    return tuple(_profile(bundle, stage, name) for name in sorted(names))


def _profile(bundle: Bundle, stage: StageSpec, dim: str) -> Profile:
    if dim == CACHE_DIM:
        return Profile(dim, *(cache_bucket(bundle),) * 3)
    if dim == "text_len":
        return Profile(dim, 1, min(64, bundle.limits.max_text), bundle.limits.max_text)
    if dim == "frames":
        longest = min(bundle.limits.max_frames + 2 * stage.context, MOST_FRAMES)
        return Profile(dim, 1, min(100, longest), longest)
    recording = bundle.ctc.recording if bundle.ctc is not None else None
    if dim == RECORDING_DIM and recording is not None:
        return Profile(
            dim, recording.shortest, min(USUAL_SECONDS * bundle.audio.sample_rate, recording.longest), recording.longest
        )
    return Profile(dim, 1, USUAL_ROWS, MOST_ROWS)
