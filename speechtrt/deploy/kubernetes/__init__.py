"""Engine sets as a fleet of servers: Kustomize files out of typed values."""
