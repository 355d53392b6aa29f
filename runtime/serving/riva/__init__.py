"""NVIDIA Riva's speech services over gRPC."""
