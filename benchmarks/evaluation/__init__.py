"""`speechtrt eval asr`: models, precisions and decoders over the recordings of a manifest."""
