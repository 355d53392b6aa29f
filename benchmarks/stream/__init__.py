"""Live speech to text: how many paced streams a machine serves in time."""
