"""The four stages of SpeechT5 with the names and shapes of their tensors."""

from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5HifiGan

from speechtrt.export.families.base import StageGraph
from speechtrt.export.families.speecht5_decoder import DecoderStep
from speechtrt.export.families.speecht5_encoder import TextEncoder
from speechtrt.export.families.speecht5_vocoding import Postnet, Vocoder, postnet_context, vocoder_context
from speechtrt.specs import Dim, DType, StageSpec, StateKind, StateSpec, TensorSpec

MASK = "text_mask"
SPEAKER = "speaker_bias"


def _floats(name: str, *shape: Dim) -> TensorSpec:
    return TensorSpec(name, DType.FLOAT32, shape)


def _caches(config: SpeechT5Config, kind: str, rows: str, time: str) -> tuple[TensorSpec, ...]:
    """K and V of every decoder layer."""
    heads = config.decoder_attention_heads
    shape = (rows, heads, time, config.hidden_size // heads)
    return tuple(_floats(f"{kind}_{part}_{i}", *shape) for i in range(config.decoder_layers) for part in "kv")


def encoder_stage(model: SpeechT5ForTextToSpeech) -> StageGraph:
    """Text to cross-attention memory."""
    config = model.config
    inputs = (
        TensorSpec("tokens", DType.INT64, ("rows", "text_len")),
        TensorSpec(MASK, DType.BOOL, ("rows", "text_len")),
        _floats("speaker", "rows", config.speaker_embedding_dim),
    )
    outputs = (*_caches(config, "cross", "rows", "text_len"), _floats(SPEAKER, "rows", config.hidden_size))
    return StageGraph(StageSpec("encoder", "encoder.onnx", inputs, outputs), TextEncoder(model))


def decoder_stage(model: SpeechT5ForTextToSpeech) -> StageGraph:
    """One step of every active slot."""
    config = model.config
    own = _caches(config, "self", "slots", "max_len")
    memory = _caches(config, "cross", "slots", "text_len")
    inputs = (
        _floats("frame", "slots", config.num_mel_bins),
        TensorSpec("position", DType.INT64, ("slots",)),
        _floats("dropout", "slots", config.speech_decoder_prenet_layers, config.speech_decoder_prenet_units),
        TensorSpec(MASK, DType.BOOL, ("slots", "text_len")),
        _floats(SPEAKER, "slots", config.hidden_size),
        *own,
        *memory,
    )
    outputs = (
        _floats("frames", "slots", config.reduction_factor, config.num_mel_bins),
        _floats("stop", "slots", config.reduction_factor),
        *(TensorSpec(f"{cache.name}_out", cache.dtype, cache.shape) for cache in own),
    )
    states = (
        *(StateSpec(cache.name, f"{cache.name}_out", StateKind.KV_CACHE, grows="max_len") for cache in own),
        *(StateSpec(name, None, StateKind.MEMORY) for name in (MASK, SPEAKER, *(cache.name for cache in memory))),
    )
    return StageGraph(StageSpec("decoder", "decoder.onnx", inputs, outputs, states), DecoderStep(model))


def postnet_stage(model: SpeechT5ForTextToSpeech) -> StageGraph:
    """Decoder frames to log-mel."""
    shape = ("rows", "frames", model.config.num_mel_bins)
    context = postnet_context(model.config)
    spec = StageSpec("postnet", "postnet.onnx", (_floats("frames", *shape),), (_floats("mel", *shape),), (), context)
    return StageGraph(spec, Postnet(model))


def vocoder_stage(vocoder: SpeechT5HifiGan) -> StageGraph:
    """Log-mel to samples."""
    inputs = (_floats("mel", "rows", "frames", vocoder.config.model_in_dim),)
    outputs = (_floats("pcm", "rows", "samples"),)
    spec = StageSpec("vocoder", "vocoder.onnx", inputs, outputs, (), vocoder_context(vocoder.config))
    return StageGraph(spec, Vocoder(vocoder))
