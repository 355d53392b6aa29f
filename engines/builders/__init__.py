"""Lowered graph -> engine file, one module per backend."""
