"""What every benchmark shares: samples, trials, child processes, contention and the result document."""
