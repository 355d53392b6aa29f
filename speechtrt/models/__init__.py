"""Reference models: their data, training, weights and evaluation."""
