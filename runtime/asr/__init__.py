"""Speech to text over an engine set."""
