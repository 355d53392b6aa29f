"""What only a machine with a GPU can answer: `make test-gpu`."""
