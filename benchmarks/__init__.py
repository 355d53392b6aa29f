"""Measure all of the other stages."""
