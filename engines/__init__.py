"""ONNX -> engines: reads a bundle, writes an engine set."""
