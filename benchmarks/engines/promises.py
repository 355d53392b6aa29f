"""What engines promise."""

from collections.abc import Sequence

from speechtrt.benchmarks.measure.bar import Promise, Sense
from speechtrt.benchmarks.tts.dimensions import NAME as RANDOM

DECODER = f"{RANDOM}.ort-cpu-int8.decoder"
CHORES = (
    Promise("seconds to validate all reference engine sets", "validate_seconds", Sense.AT_MOST, 180.0),
    Promise("seconds to build all tensorrt-rtx reference engines", "build_ahead_seconds", Sense.AT_MOST, 120.0),
    Promise("seconds of a build that has nothing to do", "build_warm_seconds", Sense.AT_MOST, 1.0),
)
SPEED = (
    Promise("SpeechT5's decoder in int8, speed-up at batch 1", f"{DECODER}.batch_1.speedup", Sense.AT_LEAST, 2.3),
    Promise("SpeechT5's decoder in int8, speed-up at batch 16", f"{DECODER}.batch_16.speedup", Sense.AT_LEAST, 1.0),
    Promise("SpeechT5's decoder in int8, file against fp32", f"{DECODER}.bytes_ratio", Sense.AT_MOST, 0.32),
)
SHARES = (
    ("share of stages that passed their gate in int8", "stages_share", 1.0),
    ("share of MatMul weights in int8", "matmul_share", 0.8),
)
QUALITY = (
    ("word error rate, points", "wer_delta", Sense.AT_MOST, 0.3),
    ("word error rate, points, worse end of the interval", "wer_high", Sense.AT_MOST, 0.8),
    ("mel-cepstral distortion, relative", "mcd_delta", Sense.AT_MOST, 0.03),
    ("round-trip character errors, relative", "round_trip_cer_delta", Sense.AT_MOST, 0.03),
)


def promises(trained: Sequence[str]) -> tuple[Promise, ...]:
    """Of the engine sets of `trained` models (`model.side`), of a decoder of the published size, and of the chores."""
    shares = [
        Promise(f"{side}, {name}", f"{side}.{number}", Sense.AT_LEAST, bar)
        for side in trained
        for name, number, bar in SHARES
    ]
    quality = [
        Promise(f"{side}, {name}", f"{side}.{number}", sense, bar)
        for side in trained
        for name, number, sense, bar in QUALITY
    ]
    return (*SPEED, *CHORES, *shares, *quality)
