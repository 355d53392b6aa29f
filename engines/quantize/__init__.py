"""Fewer bits for heavy operators, with scales from recorded activations: u8 for ONNX Runtime, s8 for TensorRT."""
