"""Engines -> speech: reads an engine set; needs neither torch nor transformers."""
