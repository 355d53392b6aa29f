"""Training of the reference vocoder: spectral losses first, then a light adversarial finish."""
