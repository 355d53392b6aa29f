"""Offline recognisers of a few thousand random weights, whole as an exporter reads them."""

import json
from pathlib import Path
from typing import Any

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"etaoinshrdlu'"]
SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "initializer_range": 0.3,
}
WAVEFORM: dict[str, Any] = {
    **SIZES,
    "vocab_size": len(LETTERS),
    "pad_token_id": 0,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}


def write_wav2vec2_checkpoint(folder: Path) -> None:
    """Group norm over the recording, norms behind each half of a layer: the layout of the base models."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    with torch.random.fork_rng():
        torch.manual_seed(3)
        Wav2Vec2ForCTC(Wav2Vec2Config(**WAVEFORM)).save_pretrained(folder)
    write_waveform_files(folder, do_normalize=True)


def write_hubert_checkpoint(folder: Path) -> None:
    """Layer norms, norms before each half of a layer, even a batch norm of positions: the layout of large models."""
    import torch
    from transformers import HubertConfig, HubertForCTC

    config = HubertConfig(
        **WAVEFORM, feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True, conv_pos_batch_norm=True
    )
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model = HubertForCTC(config)
        norm = model.hubert.encoder.pos_conv_embed.batch_norm
        assert norm is not None
        torch.nn.init.normal_(norm.bias)
        model.save_pretrained(folder)
    write_waveform_files(folder, do_normalize=False)


def write_waveform_files(folder: Path, do_normalize: bool) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    Wav2Vec2FeatureExtractor(do_normalize=do_normalize).save_pretrained(folder)  # type: ignore[no-untyped-call]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(LETTERS)}))


def write_parakeet_checkpoint(folder: Path) -> None:
    """A FastConformer over log-mel features, with batch norms that have seen something."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import ParakeetCTCConfig, ParakeetFeatureExtractor, ParakeetForCTC

    pieces = ["<unk>", *(f"\u2581{letter}" for letter in "tahsiw"), *"etaoinshr"]
    encoder = {**SIZES, "subsampling_conv_channels": 4}
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = ParakeetForCTC(
            ParakeetCTCConfig(vocab_size=len(pieces) + 1, pad_token_id=len(pieces), encoder_config=encoder)
        )
        for layer in model.encoder.layers:
            torch.nn.init.normal_(layer.conv.norm.running_mean)
            torch.nn.init.normal_(layer.conv.norm.bias)
        model.save_pretrained(folder)
    ParakeetFeatureExtractor().save_pretrained(folder)  # type: ignore[no-untyped-call]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    Tokenizer(WordLevel(vocabulary, unk_token="<unk>")).save(str(folder / "tokenizer.json"))


OFFLINE = {
    "wav2vec2_ctc": write_wav2vec2_checkpoint,
    "hubert_ctc": write_hubert_checkpoint,
    "parakeet_ctc": write_parakeet_checkpoint,
}
