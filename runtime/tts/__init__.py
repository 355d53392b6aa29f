"""Text to speech over an engine set."""
