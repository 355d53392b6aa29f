"""Engine sets behind the ports."""
