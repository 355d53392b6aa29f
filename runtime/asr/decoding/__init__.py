"""From CTC log-probabilities to words."""
