"""Canonical graph -> the graph that one backend runs best."""
