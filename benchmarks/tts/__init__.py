"""Text to speech: PyTorch one request at a time against engines with continuous batching."""
