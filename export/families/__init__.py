"""The kinds of model that can be exported: each loads a checkpoint and names its stages."""
