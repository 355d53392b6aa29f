"""How many servers a load needs, simulated from what was measured on that hardware."""
