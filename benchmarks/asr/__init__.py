"""Speech to text: real-time factor and error rates of the engines by chunk and batch."""
