"""What decides, while speech runs, which engine runs it."""
