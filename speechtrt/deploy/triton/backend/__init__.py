"""What runs inside a Triton server: models of its Python backend over the runtime."""
