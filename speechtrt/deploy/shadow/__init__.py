"""Shadow traffic: recordings whose words are known, sent to two versions of a model side by side."""
