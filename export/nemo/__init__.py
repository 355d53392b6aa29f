"""NeMo's layout of streaming CTC models: written for sherpa-onnx, and read from public files."""
