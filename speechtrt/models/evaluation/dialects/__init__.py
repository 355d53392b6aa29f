"""The test set of the five dialect groups: synthetic speech by held-out voices, as Opus files."""
