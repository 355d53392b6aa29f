"""Fewer bits for heavy operators: dynamic for ONNX Runtime, calibrated Q/DQ for TensorRT."""
