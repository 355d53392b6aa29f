"""What decides while speech runs: which engine, which model, and what to give up."""
