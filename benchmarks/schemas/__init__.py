"""JSON Schemas of the result documents."""
