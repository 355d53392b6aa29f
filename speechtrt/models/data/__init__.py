"""Speech to train on: sentences from a grammar, spoken by installed synthesisers."""
