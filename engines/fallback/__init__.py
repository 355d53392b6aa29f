"""Finds which nodes a lower precision must spare, so that the rest may keep it."""
