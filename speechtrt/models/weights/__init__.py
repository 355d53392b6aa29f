"""Weights of the reference models, each in a folder with its configuration and model card."""
