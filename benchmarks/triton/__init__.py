"""What a Triton server adds to the runtime inside of it."""
