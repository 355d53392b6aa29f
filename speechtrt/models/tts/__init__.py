"""Training of the reference voice: letter-to-sound alignment, acoustic model, export, round-trip evaluation."""
