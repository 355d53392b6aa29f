"""PyTorch -> ONNX: writes a bundle."""
