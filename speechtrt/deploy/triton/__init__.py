"""A Triton model repository from engine sets."""
