"""`speechtrt eval tts`: voices in several precisions beside their reference, over the same texts and seeds."""
