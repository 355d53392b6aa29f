"""Training of the streaming CTC model: features, batches, losses, evaluation."""
