"""Does an engine still sound and read like its reference? Metrics of speech, and what a gate makes of them."""
