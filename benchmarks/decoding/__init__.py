"""What decoding costs and what it is worth: greedy, beams, beams with a language model."""
