"""Which dialect group speaks: a linear head on what a CTC model pools over an utterance."""
