"""Engine sets while the server runs: tried, swapped, retired."""
